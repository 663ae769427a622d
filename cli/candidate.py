"""A release that may be promoted to an environment, and what it would change."""

from dataclasses import dataclass

from rich.console import RenderableType

from cli import difference
from cli.answers import Board, Cell, Column, Difference
from cli.board import component_button, find_cell, find_row
from cli.errors import ActionRefused
from cli.master_client import Button, Client
from cli.words import one_line, release_name, short


@dataclass(frozen=True)
class Candidate:
    """One component's release on its way to one environment."""

    component: str
    column: Column
    cell: Cell
    digest: str
    """Empty when no release waits."""

    @property
    def title(self) -> str:
        return f"{self.component} → {self.column['name']}"

    @property
    def source(self) -> str:
        return self.column["promotes_from"] or ""

    def button(self, action: str) -> Button:
        return component_button(self.column, self.cell, action)

    def headline(self) -> str:
        """Which release waits, or why none does."""
        live, waiting = self.cell["live"], self.cell["waiting"]
        if waiting and waiting["digest"] == self.digest:
            before = release_name(live) if live else "nothing"
            return one_line(f"{self.title}: {before} → {release_name(waiting)}")
        if self.digest:
            return f"{self.title}: {short(self.digest)}"
        if live:
            name = release_name(live)
            return f"{self.title}: nothing waits, {name} is what {self.source} verified"
        return f"{self.title}: {self.source} has verified nothing yet"


def find_candidate(
    board: Board, component: str, column: Column, digest: str | None = None
) -> Candidate:
    """The release that waits, or the one with this digest: the master judges that one."""
    cell = find_cell(find_row(board, component), column)
    waiting = cell["waiting"]["digest"] if cell["waiting"] else ""
    chosen = waiting if waiting.startswith(digest or "") else digest or ""
    return Candidate(component, column, cell, chosen)


def fetch_difference(client: Client, candidate: Candidate) -> Difference:
    """Raises ActionRefused when one of the two releases is not in the store any more."""
    live = candidate.cell["live"]
    return client.difference(live["digest"] if live else "", candidate.digest)


def present(client: Client, candidate: Candidate) -> tuple[list[RenderableType], str]:
    """What changes, for people; and the same in a few words, as a proposed reason."""
    waiting = candidate.cell["waiting"]
    default = release_name(waiting) if waiting else short(candidate.digest)
    blocked_by = candidate.cell["blocked_by"]
    warning = [f"! {one_line(blocked_by)}"] if blocked_by else []
    try:
        changes = fetch_difference(client, candidate)
    except ActionRefused as error:
        unknown = f"What changes is not known: {error}"
        return [candidate.headline(), unknown, *warning], default
    rendered = difference.render(changes)
    reason = difference.proposed_reason(changes, default)
    return [candidate.headline(), rendered, *warning], reason
