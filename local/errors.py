"""How a command of ours ends when it cannot go on: one clear line, exit status 1."""

import sys
from collections.abc import Callable


class CommandError(Exception):
    """What is wrong and what to do about it, in one line for the person at the terminal."""


def exit_on_error(command: Callable[[], None]) -> None:
    """Run a command; when it refuses, say why and end with status 1."""
    try:
        command()
    except CommandError as refusal:
        sys.exit(f"slipway: {refusal}")
    except KeyboardInterrupt:
        sys.exit("slipway: interrupted")
