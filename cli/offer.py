"""A release that may be promoted, and what it would change."""

from dataclasses import dataclass

from rich.console import RenderableType

from cli import difference
from cli.button import Button, button
from cli.changes import Difference
from cli.places import cell, row
from cli.server import Server
from cli.shapes import Board, Cell, Column
from cli.stopped import Refused
from cli.words import line, named, short


@dataclass(frozen=True)
class Offer:
    """One component on its way to one environment."""

    component: str
    column: Column
    cell: Cell
    digest: str
    """Empty when nothing waits."""

    @property
    def title(self) -> str:
        return f"{self.component} → {self.column['name']}"

    def button(self, action: str) -> Button:
        return button(self.column, action, self.cell)

    def headline(self) -> str:
        """What waits, or why nothing does."""
        live, waiting = self.cell["live"], self.cell["waiting"]
        if waiting and waiting["digest"] == self.digest:
            return line(f"{self.title}: {named(live) if live else 'nothing'} → {named(waiting)}")
        if self.digest:
            return f"{self.title}: {short(self.digest)}"
        if live:
            return f"{self.title}: nothing waits, {named(live)} is what {self.source} verified"
        return f"{self.title}: {self.source} has verified nothing yet"

    @property
    def source(self) -> str:
        return self.column["promotes_from"] or ""


def offer(board: Board, component: str, column: Column, digest: str | None = None) -> Offer:
    """What waits, or the release that is named: the master judges that one."""
    here = cell(row(board, component), column)
    waiting = here["waiting"]["digest"] if here["waiting"] else ""
    wanted = waiting if waiting.startswith(digest or "") else digest or ""
    return Offer(component, column, here, wanted)


def changes(server: Server, offer: Offer) -> Difference:
    """Raises Refused when the store knows one of the two no more."""
    live = offer.cell["live"]
    return server.difference(live["digest"] if live else "", offer.digest)


def presented(server: Server, offer: Offer) -> tuple[list[RenderableType], str]:
    """What changes, as people see it; and in a few words, as a reason that nobody typed."""
    waiting = offer.cell["waiting"]
    otherwise = named(waiting) if waiting else short(offer.digest)
    blocked_by = offer.cell["blocked_by"]
    warning = [f"! {line(blocked_by)}"] if blocked_by else []
    try:
        found = changes(server, offer)
    except Refused as unknown:
        said = f"What changes is not known: {unknown}"
        return [offer.headline(), said, *warning], otherwise
    shown = difference.shown(found)
    return [offer.headline(), shown, *warning], difference.proposal(found, otherwise)
