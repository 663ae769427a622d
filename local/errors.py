"""How a command ends that cannot continue: with one line and exit status 1."""

import sys
from collections.abc import Callable


class CommandError(Exception):
    """What is wrong and what to do about it, in one line for the person at the terminal."""


def printable(text: str) -> str:
    """Lines of text from elsewhere, such as a log, without what would command the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def exit_on_error(command: Callable[[], None]) -> None:
    """Run a command; print its error and end with status 1 when it raises CommandError."""
    try:
        command()
    except CommandError as error:
        sys.exit(f"slipway: {printable(str(error))}")
    except KeyboardInterrupt:
        sys.exit("slipway: interrupted")
