"""Presses a button of the master, and follows its build until it is over."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.answers import Board, Running
from cli.board import find_component_button
from cli.errors import ActionRefused, Interrupted, MasterUnreachable
from cli.master_client import DECISION, BuildData, Button, Client
from cli.output import Output, console
from cli.words import build_sentence, duration, one_line, seconds_between

POLL_SECONDS = 0.4
FULLEST = 0.97
"""How full a progress bar gets before the build is over."""
SUCCESS, WARNINGS, FAILURE, SKIPPED, RETRY, CANCELLED = 0, 1, 2, 3, 5, 6
"""https://docs.buildbot.net/latest/developer/results.html"""
OUTCOMES = {SUCCESS: "done", WARNINGS: "done", SKIPPED: "nothing moved", CANCELLED: "stopped"}


def press(
    client: Client, output: Output, title: str, button: Button, fields: dict[str, str]
) -> int:
    """Press a button and follow its build; the exit code. Needs a login."""
    try:
        request = client.press(button, fields)
    except KeyboardInterrupt:
        page = client.page("releases")
        raise Interrupted(f"interrupted; {page} shows whether {title} goes on") from None
    result = BuildFollower(client, title, request).follow()
    document = {
        "button": button.name,
        "outcome": result.outcome,
        "message": result.message,
        "page": result.page,
    }
    mark = "✓" if result.succeeded else "✗"
    output.answer(document, f"{mark} {title}: {result.message}", f"  {result.page}")
    return 0 if result.succeeded else ActionRefused.code


def press_with_reason(
    client: Client,
    output: Output,
    component: str,
    environment: str | None,
    action: str,
    done: str,
    reason: str | None,
) -> int:
    """Press a component's button for an action, whose reason is asked for as `Why is it <done>`."""
    name, button = find_component_button(client, component, environment, action)
    why = output.require_reason(reason, f"Why is {component} {done} in {name}")
    client.log_in()
    return press(client, output, f"{component} in {name}", button, {"reason": why})


def nothing_to_press(output: Output, message: str) -> int:
    """Say that nothing needs to be done; the exit code of success."""
    document = {"button": None, "outcome": "nothing moved", "message": message, "page": None}
    output.answer(document, message)
    return 0


@dataclass(frozen=True)
class BuildResult:
    """How a build ended."""

    outcome: str
    """`done`, `nothing moved`, `refused`, `failed` or `stopped`."""
    message: str
    page: str

    @property
    def succeeded(self) -> bool:
        return self.outcome in ("done", "nothing moved")


class BuildFollower:
    """Polls one build request; Ctrl-C ends the polling, not the build."""

    def __init__(self, client: Client, title: str, request: int) -> None:
        self.client = client
        self.title = title
        self.request = request
        self.page = client.page(f"buildrequests/{request}")
        self.expected: float | None = None
        """Seconds that such a build takes."""
        self.build_id: int | None = None
        self.start = time.monotonic()

    def follow(self) -> BuildResult:
        """Wait until the build is over."""
        try:
            with progress_bar(console(stderr=True)) as progress:
                return self.poll(progress)
        except KeyboardInterrupt:
            raise Interrupted(f"{self.title} goes on without you: {self.page}") from None
        except MasterUnreachable as error:
            raise MasterUnreachable(f"{error}; {self.title} may go on: {self.page}") from None

    def poll(self, progress: Progress) -> BuildResult:
        task = progress.add_task(
            one_line(self.title), total=None, step="waits for its turn", remaining=""
        )
        while True:
            build = self.client.build(self.request)
            if build is None and self.client.is_cancelled(self.request):
                return BuildResult("stopped", "it was cancelled before it began", self.page)
            if build and build["complete"] and build["results"] != RETRY:
                self.page = self.build_page(build)
                return build_result(build, self.page)
            if build and not build["complete"]:
                self.estimate(build)
                elapsed = time.monotonic() - self.start
                completed = min(elapsed, self.expected * FULLEST) if self.expected else None
                remaining = self.remaining(elapsed)
                progress.update(task, step=self.step(build), remaining=remaining)
                progress.update(task, total=self.expected, completed=completed)
            time.sleep(POLL_SECONDS)

    def build_page(self, build: BuildData) -> str:
        return self.client.page(f"builders/{build['builderid']}/builds/{build['number']}")

    def estimate(self, build: BuildData) -> None:
        """Ask once for each build how long such a build takes."""
        if build["buildid"] == self.build_id:
            return
        self.build_id = build["buildid"]
        self.page = self.build_page(build)
        board = self.client.board()
        running = find_running(board, self.page.partition("#")[2])
        elapsed = seconds_between(running["started"], board["now"]) if running else 0.0
        self.start = time.monotonic() - elapsed
        self.expected = running["seconds"] if running else None

    def step(self, build: BuildData) -> str:
        steps = self.client.steps(build)
        running = [step["name"] for step in steps if step["started_at"] and not step["complete"]]
        return one_line(running[0]) if running else "waits"

    def remaining(self, elapsed: float) -> str:
        if not self.expected:
            return ""
        seconds = self.expected - elapsed
        return f"about {duration(seconds)} left" if seconds > 0 else "finishing"


def progress_bar(terminal: Console) -> Progress:
    """Shown in a terminal only: not in a log, not in a pipe."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[step]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[remaining]}", markup=False),
    )
    return Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal)


def find_running(board: Board, link: str) -> Running | None:
    """A running build by its link."""
    running = [column["running"] for column in board["columns"]]
    running += [cell["running"] for row in board["rows"] for cell in row["cells"]]
    return next((build for build in running if build and build["link"] == f"#{link}"), None)


def build_result(build: BuildData, page: str) -> BuildResult:
    message = build_sentence(build["state_string"])
    results = FAILURE if build["results"] is None else build["results"]
    is_refused = results == FAILURE and decision(build, message) == "refused"
    outcome = "refused" if is_refused else OUTCOMES.get(results, "failed")
    return BuildResult(outcome, message, page)


def decision(build: BuildData, message: str) -> str:
    """What the rules said; an older master says it in the sentence alone."""
    default = message.partition(":")[0]
    value, _ = build.get("properties", {}).get(DECISION, (default, ""))
    return str(value)
