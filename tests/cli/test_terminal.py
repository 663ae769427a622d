"""The command in a real terminal: what it asks, what it shows, and Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

from cli.words import plural
from tests.cli.conftest import Slipway
from tests.cli.master import BLOG, BUILDS, PASSWORD, USER, Master, recorded
from tests.conftest import ROOT

RUN = "from cli.main import main; main()"


@dataclass
class Terminal:
    """One run of the command, and everything that it has written."""

    program: subprocess.Popen[bytes]
    end: int
    written: str = ""

    def until(self, text: str) -> None:
        while text not in self.written:
            assert self.more(), f"never shown: {text}\n{self.written}"

    def more(self) -> bool:
        with suppress(OSError):  # Linux ends a terminal that nobody holds with EIO
            piece = os.read(self.end, 65536)
            self.written += piece.decode()
            return bool(piece)
        return False

    def type(self, prompt: str, answer: str) -> None:
        self.until(prompt)
        os.write(self.end, f"{answer}\n".encode())

    def over(self) -> int:
        while self.more():
            pass
        return self.program.wait(30)


@contextmanager
def terminal(*words: str, **environment: str) -> Iterator[Terminal]:
    end, theirs = pty.openpty()
    known = {name: os.environ[name] for name in os.environ if not name.startswith("SLIPWAY_USER")}
    program = subprocess.Popen(
        [sys.executable, "-c", RUN, *words],
        cwd=ROOT,
        env=known | {"TERM": "xterm", "COLUMNS": "160"} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield Terminal(program, end)
    finally:
        program.kill()
        program.wait()
        os.close(end)


@pytest.fixture
def typed(slipway: Slipway) -> Slipway:
    """Only for its environment: the terminal runs in a process of its own."""
    return slipway


@pytest.mark.usefixtures("typed")
def test_what_changes_is_shown_before_it_is_asked_for(demo: Master) -> None:
    with terminal("promote", "blog", SLIPWAY_USER=USER) as shown:
        shown.until("Promote blog → production? [y/N]")
        assert "php .slipway/migrate.php" in shown.written
        assert not demo.pressed
        shown.type("[y/N]", "y")
        assert shown.over() == 0
    assert "promote digest 8b3f988e0257 of 6.1.9, by releaser" in shown.written
    assert len(demo.pressed) == 1


@pytest.mark.usefixtures("typed")
def test_no_moves_nothing(demo: Master) -> None:
    with terminal("promote", "blog", SLIPWAY_USER=USER) as shown:
        shown.type("[y/N]", "n")
        assert shown.over() == 1
    assert "slipway: not confirmed; nothing was requested" in shown.written
    assert not demo.pressed


@pytest.mark.usefixtures("typed")
def test_reasons_are_asked_for_where_somebody_can_answer(demo: Master) -> None:
    demo.board("board-frozen")
    with terminal("promote", "blog", SLIPWAY_USER=USER) as shown:
        shown.type("Why can this not wait?", "a hole")
        shown.type("[y/N]", "y")
        assert shown.over() == 0
    with terminal("hold", "blog", SLIPWAY_USER=USER) as shown:
        shown.type("Why is blog held in production", "a repair")
        assert shown.over() == 0
    assert demo.pressed[0][1]["freeze_override"] == "a hole"
    fields = {"reason": "a repair", "builderid": BLOG}
    assert demo.pressed[1] == ("hold-production", fields)


@pytest.mark.usefixtures("typed")
def test_a_password_is_asked_for_and_not_echoed(demo: Master) -> None:
    with terminal("thaw", SLIPWAY_PASSWORD="") as shown:
        shown.type("Your name", USER)
        shown.type("Your password", PASSWORD)
        assert shown.over() == 0
    assert PASSWORD not in shown.written
    assert len(demo.pressed) == 1


@pytest.mark.usefixtures("typed")
def test_ctrl_c_says_that_the_build_goes_on_and_where(demo: Master) -> None:
    running = recorded("build-running")
    build = running["builds"][0]
    demo.say(BUILDS, running)
    demo.say(f"/api/v2/builds/{build['buildid']}/steps", recorded("steps-running"))
    demo.say("/plugins/releases/board.json", recorded("board"), recorded("board-running"))
    now = next(s for s in recorded("steps-running")["steps"] if not s["complete"])
    with terminal("promote", "blog", "--yes", SLIPWAY_USER=USER) as shown:
        shown.until(now["name"])
        shown.program.send_signal(signal.SIGINT)
        assert shown.over() == 130
    page = f"{demo.url}#/builders/{build['builderid']}/builds/{build['number']}"
    assert f"blog → production goes on without you: {page}" in shown.written
    assert "left" in shown.written or "finishing" in shown.written


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "release", "0 releases"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "day", "2 days"),
        (2, "patch", "2 patches"),
    ],
)
def test_a_noun_is_in_the_plural_for_every_count_but_one(count: int, noun: str, text: str) -> None:
    assert plural(count, noun) == text
