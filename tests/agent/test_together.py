"""Several servers that switch together: each proves the release, then all stay or all return."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from agent.abandon import abandon
from agent.remote import FILES
from model.release import SHORT
from tests.agent import applications
from tests.agent.server_fixture import REPOSITORY, Outcome, Release, World, compiled


def ready(world: World, text: str) -> Release:
    """A new release, prepared, migrated and checked."""
    release = applications.blog(world, text)
    assert world.prepare(release).code == 0
    for verb in ("migrate", "check"):
        assert world.on(verb, release).code == 0
    return release


def together(world: World, release: Release) -> Outcome:
    return world.call("switch", release.component, release.digest, "--together")


@pytest.fixture
def returned(world: World, blog: Release) -> Iterator[None]:
    """The release that every other test finds is live again afterwards."""
    yield
    assert world.call("switch", "blog", blog.digest).code == 0


@pytest.mark.usefixtures("intact")
def test_an_undecided_switch_is_undone_with_its_database(world: World) -> None:
    release = ready(world, "undecided")
    tables = world.sql("SHOW TABLES FROM testing_blog")
    answered = together(world, release)
    assert answered.code == 0
    assert answered.last.startswith("answers in ")
    assert world.page("blog").headers["x-slipway-release"] == release.digest
    undone = world.call("abandon", "blog", "--switched", release.digest)
    assert undone.code == 0
    assert "another server failed" in (world.directory("blog").journal.events()[-1].why or "")
    assert undone.last.startswith(f"{release.digest[:SHORT]}: returned to ")
    assert world.sql("SHOW TABLES FROM testing_blog") == tables


@pytest.mark.usefixtures("returned")
def test_a_kept_switch_is_as_any_other(world: World, blog: Release) -> None:
    release = ready(world, "kept")
    assert together(world, release).code == 0
    assert "live" not in world.events("blog")[-1]
    kept = world.call("keep", "blog", release.digest)
    assert kept.last == f"live, digest {release.digest[:SHORT]}"
    assert f"current: {release.digest}" in kept.stdout
    assert world.events("blog")[-1] == "live"
    assert world.call("keep", "blog", release.digest).last.startswith("already live")
    undone = world.call("abandon", "blog", "--switched", release.digest)
    assert undone.last == "nothing was unfinished"
    assert world.page("blog").headers["x-slipway-release"] == release.digest
    assert world.call("keep", "blog", blog.digest).code == 1


@pytest.mark.usefixtures("returned")
def test_whoever_finds_an_undecided_switch_proves_it(world: World) -> None:
    release = ready(world, "found")
    assert together(world, release).code == 0
    found = world.call("abandon", "blog")
    assert "has been proved: it is live" in found.last


@pytest.mark.usefixtures("returned")
def test_a_repeated_deployment_leaves_the_decision_open(world: World) -> None:
    release = ready(world, "repeated")
    assert together(world, release).code == 0
    again = world.prepare(release)
    assert again.last.endswith("answers already, and waits for the other servers")
    for verb in ("migrate", "check"):
        assert world.on(verb, release).code == 0
    assert together(world, release).code == 0
    undone = world.call("abandon", "blog", "--switched", release.digest)
    assert ": returned to " in undone.last
    assert world.page("blog").headers["x-slipway-release"] != release.digest


@pytest.mark.usefixtures("intact")
def test_what_visitors_have_written_since_is_not_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = ready(world, "days ago")
    assert together(world, release).code == 0
    world.sql("INSERT INTO testing_blog.notes (text) VALUES ('written since')")
    monkeypatch.setattr("agent.recovery.UNDECIDED", timedelta(0))
    assert "stays as visitors have left it" in abandon(world.directory("blog"), release.digest)
    assert "written since" in world.sql("SELECT text FROM testing_blog.notes")
    world.sql("DELETE FROM testing_blog.notes WHERE text = 'written since'")


@pytest.mark.usefixtures("intact")
def test_what_was_not_switched_to_cannot_be_kept(world: World) -> None:
    refused = world.call("keep", "blog", "0" * 64)
    assert refused.code == 1
    assert "is not live here" in refused.last


# Over SSH, where no path of the server can be named.


def remote(world: World, asked: str, sent: bytes = b"\n") -> Outcome:
    """What sshd's forced command makes of a client's wish."""
    command = [sys.executable, "-m", "agent.remote", "--server", str(world.server_file)]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=compiled() | {"SSH_ORIGINAL_COMMAND": asked},
        input=sent,
        capture_output=True,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in outcome.stderr
    return outcome


def tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def sent(world: World, release: Release) -> bytes:
    contents = release.artifact.read_bytes(), release.provenance.read_bytes()
    files = dict(zip(FILES, contents, strict=True))
    return world.context(release.component).encode() + b"\n" + tar(files)


@pytest.mark.usefixtures("returned")
def test_a_release_comes_over_ssh(world: World) -> None:
    release = applications.blog(world, "by wire")
    named = f"blog {release.digest}"
    prepared = remote(world, f"prepare {named}", sent(world, release))
    assert prepared.code == 0, prepared
    assert prepared.last.startswith("unpacked ")
    for verb in ("migrate", "check", "switch"):
        done = remote(world, f"{verb} {named}{' --together' if verb == 'switch' else ''}")
        assert done.code == 0, done
    assert remote(world, f"keep {named}").code == 0
    assert "blog by wire" in world.page("blog").body
    assert json.loads(remote(world, "status blog").stdout)["current"] == release.digest
    assert not list(world.server.state.glob("received-*"))


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("", "give it a verb"),
        ("prepare blog 'a", "not a command"),
        (f"prepare blog {'0' * 64} --artifact /etc/shadow", "'--artifact' is not for SSH"),
        ("status blog --server=/tmp/mine.toml", "is not for SSH"),
        ("status ../blog", "must match"),
        ("sh -c id", "'-c' is not for SSH"),
        ("sh", "invalid choice"),
        (f"prepare blog {'0' * 64}", "cut short or damaged"),
    ],
)
def test_a_deploy_key_does_nothing_else(world: World, asked: str, why: str) -> None:
    refused = remote(world, asked)
    assert refused.code != 0
    assert why in refused.stderr
    assert not refused.stdout


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"../escaped": b"x"}, "'../escaped', expected artifact.tar.zst and provenance.json"),
        ({"artifact.tar.zst": b"x"}, "not sent along: provenance.json"),
    ],
)
def test_nothing_else_is_received(world: World, files: dict[str, bytes], why: str) -> None:
    context = world.context("blog").encode() + b"\n"
    refused = remote(world, f"prepare blog {'0' * 64}", context + tar(files))
    assert refused.code == 1
    assert why in refused.last
    assert not list(world.server.state.glob("received-*"))
