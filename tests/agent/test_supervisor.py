"""What is asked of supervisord, and what it does then."""

import shlex
from collections.abc import Iterator

import pytest

from agent.errors import AgentError
from agent.supervisor import Supervisor, section
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import has_ended, wait_until

NAME = "testing.notes.000000000000.web.abcdef"


@pytest.fixture
def supervisor(process_server: ServerFixture) -> Iterator[Supervisor]:
    """One with a program that takes a while to end, and says when it could be told to."""
    server = process_server.settings
    assert server.supervisor
    ready = process_server.folder / "ready"
    script = f"trap 'sleep 1; exit' TERM; touch {ready}; while sleep 0.1; do :; done"
    file = server.services("notes") / f"{NAME}.conf"
    keys = {"command": shlex.join(("sh", "-c", script)), "stdout_logfile": "NONE"}
    file.write_text(section(f"program:{NAME}", keys))
    made = Supervisor(server.supervisor)
    made.ensure_running(NAME)
    wait_until(ready.exists)
    yield made
    made.remove(NAME)
    file.unlink()
    ready.unlink()


def test_a_program_that_runs_is_let_alone(supervisor: Supervisor) -> None:
    before = supervisor.pid(NAME)
    supervisor.ensure_running(NAME)
    assert supervisor.pid(NAME) == before


def test_a_program_that_is_about_to_end_is_started_again(supervisor: Supervisor) -> None:
    before = supervisor.pid(NAME)
    supervisor.stop(NAME)
    supervisor.ensure_running(NAME)
    assert before
    assert has_ended(before)
    assert supervisor.pid(NAME) not in (None, before)


def test_whoever_began_to_stop_a_program_may_have_been_killed(supervisor: Supervisor) -> None:
    before = supervisor.pid(NAME)
    supervisor.stop(NAME)
    supervisor.remove(NAME)
    assert before
    assert has_ended(before)


def test_a_program_that_is_not_known_has_ended(supervisor: Supervisor) -> None:
    supervisor.remove("testing.absent.000000000000.web.abcdef")
    with pytest.raises(AgentError, match=r"does not include the file of testing\.absent"):
        supervisor.ensure_running("testing.absent.000000000000.web.abcdef")
