"""The agent over SSH: a deploy key runs its verbs, and names no path of the server."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping

import pytest

from agent.remote import FILES
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import (
    REPOSITORY,
    ServerFixture,
    VerbResult,
    environment_with_bytecode,
)


def run_remote(
    php_server: ServerFixture, command: str, standard_input: bytes = b"\n"
) -> VerbResult:
    """Run the forced command as sshd does for a client's command."""
    program = [sys.executable, "-m", "agent.remote", "--server", str(php_server.settings_file)]
    result = subprocess.run(
        program,
        cwd=REPOSITORY,
        env=environment_with_bytecode() | {"SSH_ORIGINAL_COMMAND": command},
        input=standard_input,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in result.stderr
    return VerbResult(result.returncode, result.stdout.decode(), result.stderr.decode())


def pack_tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def prepare_input(php_server: ServerFixture, release: Release) -> bytes:
    contents = release.artifact.read_bytes(), release.provenance.read_bytes()
    files = dict(zip(FILES, contents, strict=True))
    return php_server.context(release.component).encode() + b"\n" + pack_tar(files)


@pytest.mark.usefixtures("blog_restored")
def test_a_release_comes_over_ssh(php_server: ServerFixture) -> None:
    release = applications.blog(php_server, "by wire")
    arguments = f"blog {release.digest}"
    result = run_remote(php_server, f"prepare {arguments}", prepare_input(php_server, release))
    assert result.code == 0, result
    assert result.last_line.startswith("unpacked ")
    context = php_server.context("blog").encode() + b"\n"
    for verb, flag in (("rehearse", ""), ("switch", "--together"), ("keep", "")):
        result = run_remote(php_server, f"{verb} {arguments} {flag}", context)
        assert result.code == 0, result
    assert "blog by wire" in php_server.page("blog").body
    assert json.loads(run_remote(php_server, "status blog").stdout)["current"] == release.digest
    assert not list(php_server.settings.state.glob("received-*"))


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "name a verb"),
        ("prepare blog 'a", "not a command"),
        (f"prepare blog {'0' * 64} --artifact /etc/shadow", "'--artifact' is not allowed over SSH"),
        ("status blog --server=/tmp/mine.toml", "is not allowed over SSH"),
        ("status ../blog", "must match"),
        ("sh -c id", "'-c' is not allowed over SSH"),
        ("sh", "invalid choice"),
        (f"prepare blog {'0' * 64}", "cut short or damaged"),
    ],
)
def test_a_deploy_key_runs_no_other_command(
    php_server: ServerFixture, command: str, why: str
) -> None:
    result = run_remote(php_server, command)
    assert result.code != 0
    assert why in result.stderr
    assert not result.stdout


@pytest.mark.usefixtures("intact")
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"../escaped": b"x"}, "'../escaped', expected artifact.tar.zst and provenance.json"),
        ({"artifact.tar.zst": b"x"}, "the tar lacks provenance.json"),
    ],
)
def test_a_tar_with_other_files_is_refused(
    php_server: ServerFixture, files: dict[str, bytes], why: str
) -> None:
    context = php_server.context("blog").encode() + b"\n"
    result = run_remote(php_server, f"prepare blog {'0' * 64}", context + pack_tar(files))
    assert result.code == 1
    assert why in result.last_line
    assert not list(php_server.settings.state.glob("received-*"))
