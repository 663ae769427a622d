"""A button that was pressed, watched until its build is over."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import console
from cli.server import Server
from cli.shapes import Board, Build, Running
from cli.stopped import Interrupted, Unreachable
from cli.words import duration, line, seconds, sentence

PAUSE = 0.4
"""Seconds between two looks."""
NEARLY = 0.97
"""How full a bar gets before the build is over."""
SUCCESS, WARNINGS, FAILURE, SKIPPED, RETRY, CANCELLED = 0, 1, 2, 3, 5, 6
OUTCOMES = {SUCCESS: "done", WARNINGS: "done", SKIPPED: "nothing moved", CANCELLED: "stopped"}


@dataclass(frozen=True)
class Ended:
    """What came of it."""

    outcome: str
    """`done`, `nothing moved`, `refused`, `failed`, `stopped`."""
    said: str
    page: str

    @property
    def well(self) -> bool:
        return self.outcome in ("done", "nothing moved")


class Following:
    """Looks at one request again and again; Ctrl-C ends the looking, not the build."""

    def __init__(self, server: Server, title: str, request: int) -> None:
        self.server = server
        self.title = title
        self.request = request
        self.page = server.page(f"buildrequests/{request}")
        self.expected: float | None = None
        self.seen: int | None = None
        self.began = time.monotonic()

    def end(self) -> Ended:
        try:
            with bar(console(stderr=True)) as progress:
                return self.watched(progress)
        except KeyboardInterrupt:
            raise Interrupted(f"{self.title} goes on without you: {self.page}") from None
        except Unreachable as lost:
            raise Unreachable(f"{lost}; {self.title} may go on: {self.page}") from None

    def watched(self, progress: Progress) -> Ended:
        task = progress.add_task(line(self.title), total=None, step="waits for its turn", left="")
        while True:
            build = self.server.build(self.request)
            if build is None and self.server.cancelled(self.request):
                return Ended("stopped", "it was cancelled before it began", self.page)
            if build and build["complete"] and build["results"] != RETRY:
                self.at(build)
                return ended(build, self.page)
            if build and not build["complete"]:
                self.begun(build)
                now = self.elapsed()
                progress.update(task, step=self.step(build), left=self.left(now))
                progress.update(task, total=self.expected, completed=self.share(now))
            time.sleep(PAUSE)

    def at(self, build: Build) -> None:
        self.page = self.server.page(f"builders/{build['builderid']}/builds/{build['number']}")

    def begun(self, build: Build) -> None:
        """Ask once for each build how long such a one takes."""
        if build["buildid"] == self.seen:
            return
        self.seen = build["buildid"]
        self.at(build)
        board = self.server.board()
        running = found(board, self.page.partition("#")[2])
        passed = seconds(running["started"], board["now"]) if running else 0.0
        self.began = time.monotonic() - passed
        self.expected = running["seconds"] if running else None

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def step(self, build: Build) -> str:
        steps = self.server.steps(build)
        now = [step["name"] for step in steps if step["started_at"] and not step["complete"]]
        return line(now[0]) if now else "waits"

    def left(self, passed: float) -> str:
        if not self.expected:
            return ""
        left = self.expected - passed
        return f"about {duration(left)} left" if left > 0 else "any moment"

    def share(self, passed: float) -> float | None:
        return min(passed, self.expected * NEARLY) if self.expected else None


def bar(where: Console) -> Progress:
    """Shown only to somebody who looks: not in a log, not in a pipe."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[step]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    shown = where.is_terminal
    return Progress(*columns, console=where, transient=True, disable=not shown)


def found(board: Board, link: str) -> Running | None:
    """A running build by its link."""
    running = [column["running"] for column in board["columns"]]
    running += [cell["running"] for row in board["rows"] for cell in row["cells"]]
    return next((one for one in running if one and one["link"] == f"#{link}"), None)


def ended(build: Build, page: str) -> Ended:
    said = sentence(build["state_string"])
    results = FAILURE if build["results"] is None else build["results"]
    refused = results == FAILURE and said.startswith("refused")
    return Ended("refused" if refused else OUTCOMES.get(results, "failed"), said, page)
