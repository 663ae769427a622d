"""What every command takes, and how it ends."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from cli.errors import ActionRefused, CliError, Interrupted
from cli.master_client import Client
from cli.output import Output

Command = TypeVar("Command", bound=Callable[..., Any])

ONLY = "Unless named: the only one that takes promotions."


def with_client(command: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command its client and its output, and turn its errors into exit codes."""

    @click.option("--server", metavar="URL", help="Instead of SLIPWAY_SERVER.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @functools.wraps(command)
    def run(server: str | None, as_json: bool, **options: Any) -> None:
        output = Output(as_json)
        try:
            code = command(Client(server or click.get_current_context().obj), output, **options)
        except CliError as error:
            output.error(error)
            code = error.code
        except click.Abort:
            output.error(ActionRefused("not confirmed; nothing was requested"))
            code = ActionRefused.code
        except KeyboardInterrupt:
            output.error(Interrupted("interrupted; nothing was requested"))
            code = Interrupted.code
        sys.exit(code or 0)

    return run


def to_option(command: Command) -> Command:
    return click.option("--to", "environment", metavar="ENVIRONMENT", help=ONLY)(command)


def in_option(command: Command) -> Command:
    return click.option("--in", "environment", metavar="ENVIRONMENT", help=ONLY)(command)


def reason_option(command: Command) -> Command:
    return click.option("--reason", metavar="WHY", help="Is shown in the history.")(command)


def digest_option(command: Command) -> Command:
    text = "A release by its digest, or by the beginning of it."
    return click.option("--digest", metavar="DIGEST", callback=hexadecimal, help=text)(command)


def hexadecimal(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value and not (4 <= len(value) <= 64 and set(value) <= set("0123456789abcdef")):
        raise click.BadParameter(f"'{value}' is no digest: 4 to 64 of the characters 0-9 a-f")
    return value


def yes_option(command: Command) -> Command:
    return click.option("--yes", is_flag=True, help="Ask nothing.")(command)
