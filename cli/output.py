"""What a command prints: words and tables for people, or one JSON document for programs."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

from cli.stopped import Misused, Stopped


def console(*, stderr: bool = False) -> Console:
    """Nothing printed is read as markup: much of it was written by strangers."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


@dataclass(frozen=True)
class Output:
    """Where a command's words go; with `--json`, stdout is for the document alone."""

    as_json: bool

    @property
    def people(self) -> Console:
        return console(stderr=self.as_json)

    @property
    def may_ask(self) -> bool:
        """Whether somebody sits there who can answer."""
        return sys.stdin.isatty()

    def show(self, *shown: RenderableType) -> None:
        for one in shown:
            self.people.print(one, soft_wrap=isinstance(one, str | Text))

    def answer(self, document: Any, *shown: RenderableType) -> None:
        """The result: the document for programs, or what people see."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2))
        else:
            self.show(*shown)

    def stopped(self, why: Stopped) -> None:
        click.echo(f"slipway: {why}", err=True)
        if self.as_json:
            click.echo(json.dumps({"error": str(why), "exit": why.code}, indent=2))

    def confirm(self, question: str, *, yes: bool) -> None:
        """Raises Misused where nobody can be asked, click.Abort when the answer is no."""
        if yes:
            return
        if not self.may_ask:
            raise Misused("nobody can be asked here: --yes confirms it")
        click.confirm(question, abort=True, err=True)

    def reason(self, given: str | None, what: str = "Why") -> str:
        """Raises Misused where nobody can be asked."""
        if given and given.strip():
            return given
        if not self.may_ask:
            raise Misused("say why: --reason 'the login page is broken'")
        return self.asked(what)

    def asked(self, what: str) -> str:
        return str(click.prompt(what, err=True))
