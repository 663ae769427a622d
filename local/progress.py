"""What `make run` shows: a line for each step, with a tick and the seconds that it took."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from local.errors import CommandError, printable
from local.step_status import listeners, show_status

console = Console(highlight=False)
_status = console.status("")
listeners.append(_status.update)


def plain(text: str) -> str:
    """Text from elsewhere, which cannot command the terminal: neither rich's markup nor escapes."""
    return escape(printable(text))


def show_step(title: str, step: Callable[[], str | None]) -> None:
    """Run a step and show that it is done: with the text that it returns, or with its title."""
    began = time.monotonic()
    show_status(title)
    try:
        with _status:
            result = step()
    except CommandError:
        console.print(f"[red]✗[/] {title}")
        raise
    console.print(f"[green]✓[/] {result or title}  [dim]{time.monotonic() - began:.1f} s[/]")
