"""What a step is doing now, for whoever listens: the terminal, or the process of another account.

Standard library only: `make stop` needs it.
"""

from collections.abc import Callable

listeners: list[Callable[[str], None]] = []
"""The last one is called."""


def show_status(text: str) -> None:
    """Say what the step that runs is doing now."""
    if listeners:
        listeners[-1](text)
