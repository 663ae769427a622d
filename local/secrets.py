"""The secrets of an installation: generated once, never overwritten, readable by us alone."""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from local import ui_passwords
from local.errors import CommandError
from local.layout import Layout
from local.ui_passwords import UI_PASSWORDS, write_private
from model.forges import FORGES, webhook_secret
from model.site import Site
from model.site_collisions import LANES
from releases.provenance import generate_key
from releases.secret_file import UnusableSecret, read_secret

BYTES = 32
SIGNING_KEY = "signing-key"
WEBHOOK = webhook_secret("github")


def create(site: Site, layout: Layout) -> tuple[str, ...]:
    """Generate the missing secrets and their public halves; returns the names of the secrets."""
    layout.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    missing = {
        name: generate
        for name, generate in generators(site, layout).items()
        if not (layout.secrets / name).exists()
    }
    for name, generate in missing.items():
        write_private(layout, layout.secrets / name, generate())
    ui_passwords.ensure(site.releasers, layout)
    return tuple(missing)


def unusable(site: Site, layout: Layout) -> list[str]:
    """What is wrong with secrets of the site, one sentence each; other files do not matter."""
    sentences = []
    for name in generators(site, layout):
        try:
            read_secret(layout.secrets / name)
        except UnusableSecret as error:
            sentences.append(str(error))
    return sentences


def required(file: Path) -> str:
    """A secret without which nothing starts; raises CommandError."""
    try:
        text = read_secret(file)
    except UnusableSecret as error:
        raise CommandError(str(error)) from None
    if text is None:
        raise CommandError(f"{file}: this secret is missing")
    return text


def generators(site: Site, layout: Layout) -> Mapping[str, Callable[[], str]]:
    """For the name of each secret of the site, the function that generates it."""
    deploy_keys = {
        environment.ssh_secret: partial(ssh_key, layout.deploy_key(environment.name))
        for environment in site.environments
        if environment.servers
    }
    return (
        dict.fromkeys(random_names(site), random)
        | deploy_keys
        | {
            UI_PASSWORDS: str,  # empty until `ui_passwords.ensure` adds the users
            SIGNING_KEY: lambda: signing_key(layout.signing_key),
        }
    )


def random_names(site: Site) -> tuple[str, ...]:
    """The names of the secrets that are random text."""
    return (
        *(webhook_secret(forge) for forge in FORGES),
        *local_workers(site).values(),
        *(
            environment.secret(component, name)
            for environment in site.environments
            for component in site.components
            for name in component.secrets
        ),
    )


def local_workers(site: Site) -> dict[str, str]:
    """The workers on this machine, each with the name of the secret that is its password."""
    lanes = {f"{lane}-1": f"worker-{lane}" for lane in LANES if site.lane_environment(lane) is None}
    return lanes | {e.worker: f"worker-{e.name}" for e in site.environments if not e.deploys_itself}


def random() -> str:
    return token_urlsafe(BYTES)


def signing_key(public: Path) -> str:
    """A new private key; its public half is written to a file."""
    private, public_half = generate_key()
    public.write_text(public_half)
    return private


def ssh_key(public: Path) -> str:
    """A new private key for SSH; its public half is written to a file."""
    key = Ed25519PrivateKey.generate()
    public_half = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_text(f"{public_half.decode()}\n")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private.decode()


def installation_id(layout: Layout) -> str:
    """Identifies our machines by the digest of the key that prepares them, generated once."""
    private = layout.operator_key
    public = private.with_suffix(".pub")
    if not private.exists():
        key = ssh_key(public)
        private.touch(mode=0o600)
        private.write_text(key)
    return sha256(public.read_bytes()).hexdigest()[:16]
