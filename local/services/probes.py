"""Probes: cheap checks, repeated until a program is ready."""

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
"""The timeout of one probe."""

Probe = Callable[[], bool]


def socket(path: Path) -> Probe:
    """Whether a program accepts connections at a Unix socket."""
    return lambda: connects(sockets.AF_UNIX, str(path))


def port(number: int, address: str = LOOPBACK) -> Probe:
    """Whether a program accepts connections at a port of this machine."""
    return lambda: connects(sockets.AF_INET, (address, number))


def file(path: Path) -> Probe:
    """Whether a program has written a file, such as that of its process id."""
    return path.is_file


def page(url: str) -> Probe:
    """Whether the REST API answers at a URL."""
    return lambda: get_json(url) is not None


def worker(url: str, name: str) -> Probe:
    """Whether the worker `name` is connected to the master at `url`."""

    def connected() -> bool:
        response = get_json(f"{url}api/v2/workers/{quote(name)}")
        return any(worker["connected_to"] for worker in response["workers"]) if response else False

    return connected


def connects(family: sockets.AddressFamily, address: str | tuple[str, int]) -> bool:
    with sockets.socket(family, sockets.SOCK_STREAM) as end:
        end.settimeout(SECONDS)
        return end.connect_ex(address) == 0


def get_json(url: str, **query: str | int) -> Mapping[str, Any] | None:
    """The response of Buildbot's REST API; None while there is none.

    Buildbot 4.3.0 sometimes ends a response before it is written; the next request succeeds,
    https://github.com/buildbot/buildbot/issues/9065.
    """
    address = url.replace("//localhost:", f"//{LOOPBACK}:")
    try:
        with urlopen(f"{address}?{urlencode(query)}", timeout=SECONDS) as response:  # noqa: S310  # our own master
            document: Mapping[str, Any] = json.load(response)
            return document
    except (URLError, OSError, HTTPException, json.JSONDecodeError):
        return None
