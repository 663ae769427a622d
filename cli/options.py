"""What every command takes, and how it ends."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from cli.output import Output
from cli.server import Server
from cli.stopped import Interrupted, Refused, Stopped

Command = TypeVar("Command", bound=Callable[..., Any])


def answering(command: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command its server and its output, and turn what stops it into an exit code."""

    @click.option("--server", metavar="URL", help="Instead of SLIPWAY_SERVER.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @functools.wraps(command)
    def run(server: str | None, as_json: bool, **given: Any) -> None:
        output = Output(as_json)
        try:
            code = command(Server(server or click.get_current_context().obj), output, **given)
        except Stopped as why:
            output.stopped(why)
            code = why.code
        except click.Abort:
            output.stopped(Refused("not confirmed; nothing was asked for"))
            code = Refused.code
        except KeyboardInterrupt:
            output.stopped(Interrupted("interrupted; nothing was asked for"))
            code = Interrupted.code
        sys.exit(code or 0)

    return run


def to(command: Command) -> Command:
    return click.option("--to", "environment", metavar="ENVIRONMENT", help=ONLY)(command)


def within(command: Command) -> Command:
    return click.option("--in", "environment", metavar="ENVIRONMENT", help=ONLY)(command)


def reason(command: Command) -> Command:
    return click.option("--reason", metavar="WHY", help="Stands in the history.")(command)


def digest(command: Command) -> Command:
    text = "A release by its digest, or how that begins."
    return click.option("--digest", metavar="DIGEST", callback=hexadecimal, help=text)(command)


def hexadecimal(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given and not (4 <= len(given) <= 64 and set(given) <= set("0123456789abcdef")):
        raise click.BadParameter(f"'{given}' is no digest: 4 to 64 of the characters 0-9 a-f")
    return given


def yes(command: Command) -> Command:
    return click.option("--yes", is_flag=True, help="Ask nothing.")(command)


ONLY = "Unless named: the only one that takes promotions."
