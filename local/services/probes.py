"""How one sees that a program does its work: questions that cost little and can be repeated."""

import json
import socket as sockets
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

LOOPBACK = "127.0.0.1"
SECONDS = 5
"""How long one question may take."""

Question = Callable[[], bool]


def socket(path: Path) -> Question:
    """Whether somebody accepts connections at a Unix socket."""
    return lambda: connects(sockets.AF_UNIX, str(path))


def port(number: int, address: str = LOOPBACK) -> Question:
    """Whether somebody accepts connections at a port of this machine."""
    return lambda: connects(sockets.AF_INET, (address, number))


def file(path: Path) -> Question:
    """Whether a program has written its file, such as its process id."""
    return path.is_file


def page(url: str) -> Question:
    """Whether a page is there."""
    return lambda: get_json(url) is not None


def worker(url: str, name: str) -> Question:
    """Whether the master at `url` sees the worker `name`."""

    def connected() -> bool:
        response = get_json(f"{url}api/v2/workers/{quote(name)}")
        return any(worker["connected_to"] for worker in response["workers"]) if response else False

    return connected


def connects(family: sockets.AddressFamily, address: str | tuple[str, int]) -> bool:
    with sockets.socket(family, sockets.SOCK_STREAM) as end:
        end.settimeout(SECONDS)
        return end.connect_ex(address) == 0


def get_json(url: str, **query: str | int) -> Mapping[str, Any] | None:
    """What Buildbot's REST API says; nothing while it does not answer.

    Buildbot 4.3.0 sometimes ends an answer before it is written: asking again helps,
    https://github.com/buildbot/buildbot/issues/9065.
    """
    address = url.replace("//localhost:", f"//{LOOPBACK}:")
    try:
        with urlopen(f"{address}?{urlencode(query)}", timeout=SECONDS) as answer:  # noqa: S310  # our own master
            found: Mapping[str, Any] = json.load(answer)
            return found
    except (URLError, OSError, HTTPException, json.JSONDecodeError):
        return None
