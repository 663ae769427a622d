"""Who one is to the master: from the environment, ~/.netrc, or a question."""

import os
import sys
from dataclasses import dataclass, field

import click
import requests

from cli.stopped import Misused

WAYS = (
    "this needs a login: set SLIPWAY_USER and SLIPWAY_PASSWORD, or name the server in ~/.netrc, "
    "or run it in a terminal, which asks"
)


@dataclass(frozen=True)
class Login:
    """A name and its password, which is never shown."""

    user: str
    password: str = field(repr=False)


def login(address: str) -> Login:
    """Raises Misused when nothing names anybody and nobody can be asked."""
    user, password = os.environ.get("SLIPWAY_USER"), os.environ.get("SLIPWAY_PASSWORD")
    if user and password:
        return Login(user, password)
    noted = None if user or password else requests.utils.get_netrc_auth(address)
    if noted:
        return Login(*noted)
    if not sys.stdin.isatty():
        raise Misused(WAYS)
    return Login(user or asked("Your name"), password or asked("Your password", hidden=True))


def asked(what: str, *, hidden: bool = False) -> str:
    return str(click.prompt(what, hide_input=hidden, err=True))
