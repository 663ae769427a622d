"""What supervisord starts: how a file of settings is read, and what a killed predecessor leaves."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import pytest

from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.instance import Instance
from agent.launch import Plan, parse_settings
from agent.migration import run_commands
from agent.process_group import living_processes
from model.release import EnvironmentContext, Manifest
from tests.agent import service_applications
from tests.agent.server_fixture import REPOSITORY
from tests.agent.server_setup import create_server
from tests.agent.waiting import has_ended, wait_until

SETTINGS = Path("/release/.slipway/web.env")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nB=two words\n", {"A": "1", "B": "two words"}),
        ("# words\nA='x' #y \"\n\n", {"A": "'x' #y \""}),
        ("A=${HOME} $(id)\nB=\n", {"A": "${HOME} $(id)", "B": ""}),
        ("", {}),
    ],
)
def test_settings_are_taken_literally(text: str, expected: dict[str, str]) -> None:
    assert parse_settings(SETTINGS, StringIO(text)) == expected


@pytest.mark.parametrize("wrong", ["words without sense", "NAME", "export A=1", "=1"])
def test_a_line_that_is_no_setting_is_named_but_not_quoted(wrong: str) -> None:
    with pytest.raises(AgentError) as failure:
        parse_settings(SETTINGS, StringIO(f"A=1\n{wrong}\n"))
    assert str(failure.value) == f"{SETTINGS}: line 2 is not NAME=value"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        command=["/bin/sh", "-c", "echo $0 $SLIPWAY_SOCKET >output; sleep 600 & wait", "{socket}"],
        folder=str(tmp_path),
        socket=str(tmp_path / "sockets/release/web/1.sock"),
        name=str(tmp_path / "sockets/release/web.sock"),
        record=str(tmp_path / "sockets/web.pid"),
        settings=str(tmp_path / "absent.env"),
        variables={"PATH": "/usr/bin:/bin"},
    )


def launched(plan: Plan) -> subprocess.Popen[bytes]:
    file = Path(plan.folder) / "plan.json"
    file.write_text(json.dumps(asdict(plan)))
    command = [sys.executable, "-m", "agent.launch", str(file)]
    return subprocess.Popen(command, cwd=REPOSITORY, process_group=0)


def test_what_a_killed_predecessor_left_behind_ends(plan: Plan) -> None:
    output = Path(plan.folder) / "output"
    with launched(plan) as first:
        wait_until(output.exists)
        wait_until(lambda: len(members(first.pid)) == 2)
        (orphan,) = members(first.pid) - {first.pid}
        first.kill()
    assert not has_ended(orphan)
    with launched(plan) as second:
        wait_until(lambda: has_ended(orphan))
        wait_until(lambda: len(members(second.pid)) == 2)
        assert output.read_text().split() == [plan.socket, plan.socket]
        os.killpg(second.pid, signal.SIGKILL)


def members(group: int) -> set[int]:
    """The living processes of a group."""
    return {process.pid for process in living_processes() if process.group == group}


def test_a_migration_finds_what_the_processes_find(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    php_server = create_server(tmp_path, service_applications.COMPONENTS)
    directory, instance = ComponentDirectory(php_server.settings, "notes"), Instance("0" * 64)
    directory.create()
    release = directory.tree(instance)
    (release / ".slipway").mkdir(parents=True)
    manifest = Manifest.of(service_applications.NOTES).model_copy(update={"services": ()})
    (release / ".slipway/manifest.json").write_text(manifest.model_dump_json())
    context = EnvironmentContext.of(php_server.environment, service_applications.NOTES)
    directory.journal.append("prepared", instance, context=context.model_dump())
    command = ("python", "-c", "import os, sys; print(sys.executable, dict(os.environ))")
    run_commands(directory, instance, [command])
    output = capfd.readouterr().out
    assert output.splitlines()[1].startswith("/usr/bin/python3 {")
    assert f"'PYTHONPATH': '{release}/packages'" in output
    assert f"'HOME': '{directory.shared}'" in output
    assert "VIRTUAL_ENV" not in output
