"""Secrets are made once, are ours alone, and have one harmless example each."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from local import secrets
from local.errors import CommandError
from local.layout import CHECKOUT, Layout
from local.services.buildbot import worker_passwords
from model.site import Site, read_site
from releases.provenance import generate_key, sign, verify
from tests.local.values import provenance


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_every_secret_of_the_site_is_made_and_nobody_else_can_read_it(
    demo: Site, layout: Layout
) -> None:
    made = secrets.create(demo, layout)
    files = sorted(layout.secrets.iterdir())
    assert [file.name for file in files] == sorted(made)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert layout.secrets.stat().st_mode & 0o077 == 0
    assert "staging-blog-salt" in made


def test_random_secrets_differ_and_are_long(demo: Site, layout: Layout) -> None:
    secrets.create(demo, layout)
    values = [(layout.secrets / name).read_text() for name in secrets.random_names(demo)]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 32


def test_a_secret_that_is_there_is_never_overwritten(demo: Site, layout: Layout) -> None:
    secrets.create(demo, layout)
    before = {file: file.read_bytes() for file in layout.secrets.iterdir()}
    (layout.secrets / "worker-build").unlink()
    assert secrets.create(demo, layout) == ("worker-build",)
    after = {file: file.read_bytes() for file in layout.secrets.iterdir()}
    assert [file.name for file in before if before[file] != after[file]] == ["worker-build"]


def test_the_public_half_of_the_signing_key_lies_where_servers_look(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    envelope = sign(provenance(), (layout.secrets / "signing-key").read_text())
    assert verify(envelope, layout.signing_key.read_text()) == provenance()
    assert generate_key()[1] != layout.signing_key.read_text()


def test_the_examples_are_the_secrets_of_the_demo_and_nothing_else(
    demo: Site, layout: Layout
) -> None:
    examples = {path.name: path.read_text() for path in (CHECKOUT / "secrets.example").iterdir()}
    on_openstack = read_site(CHECKOUT / "sites" / "demo", "environments-openstack")
    names = (
        secrets.generators(demo, layout).keys() | secrets.generators(on_openstack, layout).keys()
    )
    assert examples.keys() == names
    user, _, stored = examples.pop("ui-passwords").strip().partition(":")
    assert user in demo.releasers
    Argon2id.verify_phc_encoded(b"example only", stored)
    assert all("example only" in text for text in examples.values())


def test_an_environment_with_servers_has_a_key_and_no_password_for_a_local_worker(
    layout: Layout,
) -> None:
    site = read_site(CHECKOUT / "sites" / "demo", "environments-openstack")
    made = secrets.create(site, layout)
    assert {name for name in made if name.startswith(("ssh-", "worker-"))} == {
        "ssh-production",
        "ssh-staging",
    }
    public = layout.deploy_key("staging").read_text()
    derived = subprocess.run(
        ("ssh-keygen", "-y", "-f", layout.secrets / "ssh-staging"),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert derived.split()[:2] == public.split()[:2]
    assert public != layout.deploy_key("production").read_text()


def test_the_key_that_prepares_servers_is_made_once_and_is_no_secret_of_buildbots(
    layout: Layout,
) -> None:
    layout.secrets.mkdir()
    owner = secrets.installation_id(layout)
    assert secrets.installation_id(layout) == owner
    assert layout.operator_key.stat().st_mode & 0o777 == 0o600
    assert not list(layout.secrets.iterdir())


def test_secrets_that_cannot_be_used_are_named_and_other_files_do_not_matter(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    (layout.secrets / "old").mkdir()
    (layout.secrets / ".staging-blog-salt.swp").write_bytes(b"\xff")
    assert secrets.unusable(demo, layout) == []
    salt, keys = layout.secrets / "staging-blog-salt", layout.secrets / "staging-accounts-keys"
    salt.write_bytes(b"gr\xfc\xdfe")
    keys.chmod(0o644)
    assert sorted(secrets.unusable(demo, layout)) == [
        f"{keys}: others may read it: chmod o= {keys}",
        f"{salt}: line 1 is not UTF-8, which a secret must be",
    ]


def test_a_password_without_which_nothing_starts_is_named(demo: Site, layout: Layout) -> None:
    secrets.create(demo, layout)
    password = layout.secrets / "worker-build"
    password.write_bytes(b"\xfc")
    with pytest.raises(CommandError, match="worker-build: line 1 is not UTF-8"):
        worker_passwords(demo, layout)
    password.unlink()
    with pytest.raises(CommandError, match="worker-build: this secret is missing"):
        worker_passwords(demo, layout)
    (layout.secrets / "ui-passwords").write_bytes(b"ana:\xfc\n")
    with pytest.raises(CommandError, match="ui-passwords: is not UTF-8"):
        secrets.create(demo, layout)
