"""A small real HTTP server that answers what a real master answered once."""

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

ANSWERS = Path(__file__).parent / "answers"
USER, PASSWORD = "releaser", "correct horse"
BLOG_STAGING, BLOG, SITE = 7, 16, 12
"""The builders `blog-staging`, `blog-production` and `site-production` of the recorded boards."""
REQUEST = 44
"""The request that `pressed.json` names."""
BUILDS = f"/api/v2/buildrequests/{REQUEST}/builds"
COOKIE = "TWISTED_SESSION=known"


def recorded(name: str) -> Any:
    return json.loads((ANSWERS / f"{name}.json").read_text())


@dataclass
class Master:
    """What it answers, by path; the last of several answers stays."""

    answers: dict[str, list[Any]]
    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    """Paths that came with a password."""
    pressed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __enter__(self) -> "Master":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()

    def say(self, path: str, *answers: Any, status: int = 200) -> None:
        self.answers[path] = list(answers)
        self.statuses[path] = status

    def board(self, name: str) -> Any:
        """Show another recorded board; what it returns may still be changed."""
        board = recorded(name)
        self.say("/plugins/releases/board.json", board)
        return board

    def ends(self, *names: str) -> None:
        """What the build of a press says, each time that it is asked."""
        self.say(BUILDS, *(recorded(f"build-{name}") for name in names))

    def next(self, path: str) -> Any:
        some = self.answers[path]
        return some.pop(0) if len(some) > 1 else some[0]


def master() -> Master:
    """As it was when a release of the blog waited for production."""
    return Master(
        {
            "/plugins/releases/board.json": [recorded("board")],
            "/plugins/releases/history.json": [recorded("history")],
            "/plugins/releases/difference.json": [recorded("difference")],
            "/plugins/releases/store.json": [recorded("store")],
            BUILDS: [recorded("build-promoted")],
            f"/api/v2/buildrequests/{REQUEST}": [recorded("request")],
        }
    )


def handler(master: Master) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            master.asked.append(self.path)
            if "authorization" in self.headers:
                master.signed.append(path)
            if path == "/auth/login" and path not in master.answers:
                return self.log_in()
            if path not in master.answers:
                return self.answer(404, b"<html>No Such Resource</html>")
            said = master.next(path)
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            return self.answer(master.statuses.get(path, 200), body)

        def log_in(self) -> None:
            expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if self.headers["authorization"] != f"Basic {expected}":
                return self.answer(401, b"Unauthorized")
            return self.answer(
                302, b"", {"Location": master.url, "Set-Cookie": f"{COOKIE}; Path=/"}
            )

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["content-length"])))
            path = urlsplit(self.path).path
            if self.headers["cookie"] != COOKIE:
                return self.answer(403, json.dumps(recorded("forbidden")).encode())
            master.pressed.append((path.rpartition("/")[2], call["params"]))
            said = master.next(path) if path in master.answers else recorded("pressed")
            return self.answer(master.statuses.get(path, 200), json.dumps(said).encode())

        def answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
