"""The script that runs a verb on several servers at once, with a program in place of ssh."""

import subprocess
from pathlib import Path

import pytest

from local import secrets
from steps.agent_step import SCRIPT

SSH = """#!/bin/sh
# Says whom it reached and with what, or why not.
while [ "$1" != "${1#-}" ]; do [ "$1" = -T ] || shift; shift; done
case $1 in
*@192.0.2.9) echo 'connect to host 192.0.2.9: Connection refused' >&2; exit 255 ;;
esac
echo "reached $1 for $2"
ssh-add -l </dev/null | cut -d' ' -f4
IFS= read -r line
echo "given: $line"
tar -t 2>/dev/null || true
"""


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    for name in ("artifact.tar.zst", "provenance.json"):
        (tmp_path / name).write_text(name)
    return tmp_path


def run_script(
    workdir: Path, *servers: str, key: str = "", files: str = ""
) -> "tuple[int, str, str]":
    private = key or secrets.ssh_key(workdir / "key.pub")
    words = ("known", "check blog 3f2a", files, *servers)
    result = subprocess.run(
        ("ssh-agent", "bash", "-c", SCRIPT.read_text(), "servers", *words),
        cwd=workdir,
        env={"PATH": f"{workdir}/bin:/usr/bin:/bin"},
        input=f'{private.strip()}\n{{"order": 1}}',
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_each_line_begins_with_the_name_of_its_server(workdir: Path) -> None:
    code, output, errors = run_script(workdir, "web-1=192.0.2.1", "web-2=192.0.2.2")
    assert (code, errors) == (0, "")
    assert "web-1: reached slipway@192.0.2.1 for check blog 3f2a\n" in output
    assert "web-2: reached slipway@192.0.2.2 for check blog 3f2a\n" in output
    assert output.count('given: {"order": 1}') == 2
    assert all(line.startswith(("web-1: ", "web-2: ")) for line in output.splitlines())


@pytest.mark.parametrize("last", [True, False])
def test_a_server_that_cannot_be_reached_fails_the_command(workdir: Path, last: bool) -> None:
    servers = ["web-1=192.0.2.1", "web-2=192.0.2.9"]
    code, output, errors = run_script(workdir, *(servers if last else reversed(servers)))
    assert code == 1
    assert errors == "web-2: connect to host 192.0.2.9: Connection refused\n"
    assert "web-1: given: " in output


def test_files_follow_the_standard_input(workdir: Path) -> None:
    files = "artifact.tar.zst provenance.json"
    code, output, _ = run_script(workdir, "web-1=192.0.2.1", files=files)
    assert code == 0
    assert "web-1: artifact.tar.zst\nweb-1: provenance.json\n" in output


def test_an_invalid_key_is_refused_before_any_connection(workdir: Path) -> None:
    code, output, errors = run_script(workdir, "web-1=192.0.2.1", key="-----END nonsense-----")
    assert (code, output) == (1, "")
    assert errors


def test_nothing_is_left_behind(workdir: Path) -> None:
    before = sorted(workdir.rglob("*"))
    run_script(workdir, "web-1=192.0.2.1", "web-2=192.0.2.9")
    assert sorted(workdir.rglob("*")) == sorted({*before, workdir / "key.pub"})
