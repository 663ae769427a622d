"""What is left when the cloud stops: nothing. It starts and ends one, so none should run."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from local.layout import CHECKOUT
from tests.cloud import marked, network
from tests.cloud.fixture import PYTHON, Cloud
from tests.cloud.layout import FIRST_PORT, KEPT, Layout
from tests.cloud.test_cloud import boot

pytestmark = pytest.mark.cloud


@pytest.fixture
def layout() -> Layout:
    """The cloud of this checkout, or a second one beside it, which takes minutes to make."""
    usual = Layout(KEPT / "run")
    runs = any(marked.processes(usual.state))
    return Layout(KEPT / "second", FIRST_PORT + 100) if runs else usual


def processes_naming(path: Path) -> list[int]:
    """Those whose command mentions the path, whether they carry the mark or not."""
    commands = Path("/proc").glob("[0-9]*/cmdline")
    return [int(c.parent.name) for c in commands if f"{path}/".encode() in command_line(c)]


def command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it ended while we looked


def test_a_stopped_cloud_leaves_nothing_even_when_parts_of_it_were_killed(layout: Layout) -> None:
    place = ("--state", str(layout.state), "--first-port", str(layout.first_port))
    subprocess.run((*PYTHON, "tests.cloud.up", *place), cwd=CHECKOUT, check=True)
    try:
        second = Cloud(layout)
        server = boot(second.connect("sandbox"), second)
        machine = second.machine(server.id)
        assert machine.process
        for process in marked.processes(layout.state):
            if b"nova" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                os.kill(process.pid, signal.SIGKILL)
        assert machine.process
    finally:
        subprocess.run((*PYTHON, "tests.cloud.stop", *place), cwd=CHECKOUT, check=True)
    assert not list(marked.processes(layout.state))
    assert not processes_naming(layout.state)
    assert not [name for name in network.namespaces() if name.startswith(layout.prefix)]
    assert str(layout.state) not in Path("/proc/mounts").read_text()
    assert not layout.state.exists()
