"""What a command prints: words and tables for people, or one JSON document for programs."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

from cli.errors import CliError, UsageError


def console(*, stderr: bool = False) -> Console:
    """A console without markup: much of what is printed was written by strangers."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


@dataclass(frozen=True)
class Output:
    """Where a command prints; with `--json`, stdout is for the document alone."""

    as_json: bool

    @property
    def is_interactive(self) -> bool:
        """Whether somebody can answer a question."""
        return sys.stdin.isatty()

    def show(self, *items: RenderableType) -> None:
        """Print for people."""
        people = console(stderr=self.as_json)
        for item in items:
            people.print(item, soft_wrap=isinstance(item, str | Text))

    def answer(self, document: Any, *items: RenderableType) -> None:
        """Print the result: the document for programs, or the items for people."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2))
        else:
            self.show(*items)

    def error(self, error: CliError) -> None:
        click.echo(f"slipway: {error}", err=True)
        if self.as_json:
            click.echo(json.dumps({"error": str(error), "exit": error.code}, indent=2))

    def require_interactive(self, *, yes: bool) -> None:
        """Raises UsageError when a confirmation is needed and nobody can give it."""
        if not yes and not self.is_interactive:
            raise UsageError("nobody can be asked here: --yes confirms it")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Raises UsageError where nobody can be asked, click.Abort when the answer is no."""
        self.require_interactive(yes=yes)
        if not yes:
            click.confirm(question, abort=True, err=True)

    def require_reason(self, reason: str | None, question: str) -> str:
        """The reason, asked for when it is missing; raises UsageError where nobody can be asked."""
        if reason and reason.strip():
            return reason
        if not self.is_interactive:
            raise UsageError("say why: --reason 'the login page is broken'")
        return self.ask(question)

    def ask(self, question: str) -> str:
        return str(click.prompt(question, err=True))
