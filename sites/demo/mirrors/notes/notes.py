"""The notes service: a page of our own at `/`, and Radicale for everything else."""

import os
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import radicale

HERE = Path(__file__).parent
RELEASE = os.environ.get("SLIPWAY_RELEASE", "")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


def page() -> bytes:
    """The page at `/`; its file and the edition belong to the release, so it never changes."""
    edition = (HERE / "edition.txt").read_text("utf-8").strip()
    template = Template((HERE / "page.html").read_text("utf-8"))
    return template.substitute(edition=escape(edition)).encode()


PAGE = page()


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request (PEP 3333), and say in a header which release answered."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("X-Slipway-Release", RELEASE)], *rest)

    # Only browsers GET `/`. A calendar program asks PROPFIND of it, which is Radicale's.
    if environ["PATH_INFO"] == "/" and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        length = str(len(PAGE))
        start("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", length)])
        return [PAGE] if environ["REQUEST_METHOD"] == "GET" else []
    return radicale.application(environ, start)
