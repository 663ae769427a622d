"""Secrets are made once, are ours alone, and have one harmless example each."""

from pathlib import Path

import pytest

from local import secrets
from local.layout import CHECKOUT, Layout
from model.site import Site
from releases.provenance import new_key, sign, verify
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
    assert new_key()[1] != layout.signing_key.read_text()


def test_a_releaser_who_comes_later_gets_a_password_and_the_others_keep_theirs(
    demo: Site, layout: Layout
) -> None:
    secrets.create(demo, layout)
    first = secrets.password(layout, demo.releasers[0])
    secrets.create(demo.model_copy(update={"releasers": (*demo.releasers, "late")}), layout)
    assert secrets.password(layout, demo.releasers[0]) == first
    assert secrets.password(layout, "late") != first


def test_the_examples_are_the_secrets_of_the_demo_and_nothing_else(
    demo: Site, layout: Layout
) -> None:
    examples = {path.name: path.read_text() for path in (CHECKOUT / "secrets.example").iterdir()}
    assert examples.keys() == secrets.recipes(demo, layout).keys()
    assert all("example only" in text for text in examples.values())
