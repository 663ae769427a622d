"""The secrets of an installation on this machine: made up once, never overwritten, ours alone."""

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

from local.layout import Layout
from model.site import Site
from releases.provenance import generate_key

BYTES = 32
UI_PASSWORDS = "ui-passwords"
SIGNING_KEY = "signing-key"
WEBHOOK = "webhook-github"
LANES = ("build", "review")
"""Each has a worker; the environments' own come beside them."""


def create(site: Site, layout: Layout) -> tuple[str, ...]:
    """Write the secrets that are missing, with the public signing key; returns their names."""
    layout.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    absent = {
        name: secret
        for name, secret in recipes(site, layout).items()
        if not (layout.secrets / name).exists()
    }
    for name, secret in absent.items():
        write(layout, name, secret())
    admit(site, layout)
    return tuple(absent)


def admit(site: Site, layout: Layout) -> None:
    """Give a password to those who may log in since the file was made; the others keep theirs."""
    known = (layout.secrets / UI_PASSWORDS).read_text()
    users = {line.partition(":")[0] for line in known.splitlines()}
    if fresh := tuple(user for user in site.releasers if user not in users):
        write(layout, UI_PASSWORDS, known + passwords(fresh))


def recipes(site: Site, layout: Layout) -> Mapping[str, Callable[[], str]]:
    """How each secret of the site is made, under the name by which it is asked for."""
    deploy_keys = {
        place.ssh_secret: partial(ssh_key, layout.deploy_key(place.name))
        for place in site.environments
        if place.servers
    }
    return (
        dict.fromkeys(random_names(site), random)
        | deploy_keys
        | {
            UI_PASSWORDS: lambda: passwords(site.releasers),
            SIGNING_KEY: lambda: signing_key(layout.signing_key),
        }
    )


def random_names(site: Site) -> tuple[str, ...]:
    """The secrets that only need to be impossible to guess."""
    return (
        WEBHOOK,
        *local_workers(site).values(),
        *(
            environment.secret(component, name)
            for environment in site.environments
            for component in site.components
            for name in component.secrets
        ),
    )


def local_workers(site: Site) -> dict[str, str]:
    """The workers on this machine, each with the name of its password."""
    lanes = {f"{lane}-1": f"worker-{lane}" for lane in LANES if site.lane_environment(lane) is None}
    return lanes | {e.worker: f"worker-{e.name}" for e in site.environments if not e.deploys_itself}


def random() -> str:
    return token_urlsafe(BYTES)


def passwords(users: tuple[str, ...]) -> str:
    """One line `user:password` for each who may log in."""
    return "".join(f"{user}:{random()}\n" for user in users)


def signing_key(public: Path) -> str:
    """A new private key; its public half is written where the servers read it."""
    private, public_half = generate_key()
    public.write_text(public_half)
    return private


def ssh_key(public: Path) -> str:
    """A new private key for SSH; its public half is written beside what it opens."""
    key = Ed25519PrivateKey.generate()
    half = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_text(f"{half.decode()}\n")
    whole = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return whole.decode()


def operator(layout: Layout) -> str:
    """Whose machines are ours: the digest of the key that prepares them, which is made once."""
    private = layout.operator_key
    public = private.with_suffix(".pub")
    if not private.exists():
        key = ssh_key(public)
        private.touch(mode=0o600)
        private.write_text(key)
    return sha256(public.read_bytes()).hexdigest()[:16]


def write(layout: Layout, name: str, secret: str) -> None:
    """Write a whole file or none, which nobody else can open; Buildbot reads all in the folder."""
    draft = layout.state / ".secret"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(secret)
    draft.rename(layout.secrets / name)


def password(layout: Layout, user: str) -> str:
    """The generated password of one who may log in."""
    lines = (layout.secrets / UI_PASSWORDS).read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)[user]
