"""What `make run` shows while it works: one line a step, with a tick and the seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from local.errors import CommandError

console = Console(highlight=False)


@contextmanager
def step(doing: str) -> Iterator[Callable[[str], None]]:
    """Show that something is done, then that it is; what is yielded replaces the words."""
    began = time.monotonic()
    words = [doing]
    status = console.status(doing)

    def say(text: str) -> None:
        words.append(text)
        status.update(text)

    try:
        with status:
            yield say
    except CommandError:
        console.print(f"[red]✗[/] {doing}")
        raise
    console.print(f"[green]✓[/] {words[-1]}  [dim]{time.monotonic() - began:.1f} s[/]")
