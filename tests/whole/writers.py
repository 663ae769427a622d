"""Visitors who write to the real applications all the time: a comment, a page, a note."""

import hashlib
import hmac
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from http.cookies import SimpleCookie
from itertools import count
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

from agent.pages import EdgeConnection
from agent.server import Server
from model.reading import read
from tests.whole.line import Line

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Reply:
    """What a site answered."""

    status: int
    body: str
    retry_after: str | None


@dataclass
class Browser:
    """One visitor of one component, who keeps the cookies."""

    line: Line
    environment: str
    component: str
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def send(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Reply:
        environment, component = self.line.place(self.environment, self.component)
        server = read(self.line.layout.server(self.environment) / "server.toml", Server)
        host = urlsplit(environment.url(component)).netloc
        context = ssl.create_default_context(cafile=server.authority)
        connection = EdgeConnection(server, host.partition(":")[0], context)
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        connection.request(
            method, path, body or None, {"Host": host, "Cookie": cookie, **(headers or {})}
        )
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        for value in response.headers.get_all("Set-Cookie") or ():
            self.cookies.load(value)
        connection.close()
        return Reply(response.status, text, response.getheader("Retry-After"))

    def post(self, path: str, **fields: str) -> Reply:
        return self.send("POST", path, urlencode(fields), FORM)

    def secret(self, name: str) -> str:
        file = self.line.layout.secrets / f"{self.environment}-{self.component}-{name}"
        return file.read_text().strip()


def derive(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


Write = Callable[[str], Reply]
"""Sends a text; the reply is 2xx or a redirection when the site has stored it."""


def comments(browser: Browser) -> Write:
    """Comments of the blog's administrator: others must wait 15 seconds between two of them."""
    password = derive(derive(browser.secret("salt"), "SECURE_AUTH_SALT"), "administrator")[:24]
    browser.send("GET", "/wp-login.php")
    reply = browser.post(
        "/wp-login.php", log="administrator", pwd=password, **{"wp-submit": "Log In"}
    )
    assert reply.status == 302, reply
    return partial(comment, browser)


def comment(browser: Browser, text: str, **author: str) -> Reply:
    """Comment the first post: WordPress redirects to a stored comment, and says errors with 200."""
    fields = {"comment": text, "comment_post_ID": "1", "comment_parent": "0", **author}
    reply = browser.post("/wp-comments-post.php", **fields)
    return Reply(500, reply.body, None) if reply.status == 200 else reply


def pages(browser: Browser) -> Write:
    """New pages of the wiki's operator."""

    def ask(**fields: str) -> Any:
        return json.loads(browser.post("/api.php", format="json", **fields).body)

    token = ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
    password = derive(browser.secret("secret-key"), "administrator")[:24]
    login = ask(action="login", lgname="Operator", lgpassword=password, lgtoken=token)
    assert login["login"]["result"] == "Success", login
    token = ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]

    def edit(text: str) -> Reply:
        fields = {"action": "edit", "title": text, "text": text, "token": token}
        reply = browser.post("/api.php", format="json", **fields)
        stored = reply.status == 200 and '"result":"Success"' in reply.body
        return reply if stored or reply.status == 503 else Reply(500, reply.body, None)

    return edit


def notes(browser: Browser) -> Write:
    """Entries of the logbook."""
    login = b64encode(f"demo:{browser.secret('password')}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "text/calendar"}

    def put(text: str) -> Reply:
        name = text.replace(" ", "-")
        entry = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VJOURNAL\r\n"
            f"UID:{name}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{text}\r\n"
            "END:VJOURNAL\r\nEND:VCALENDAR\r\n"
        )
        return browser.send("PUT", f"/demo/log/{name}.ics", entry, headers)

    browser.send("PROPFIND", "/demo/", headers=headers)  # creates the collection
    return put


KINDS: dict[str, Callable[[Browser], Write]] = {"blog": comments, "docs": pages, "notes": notes}


@dataclass
class Written:
    """What one visitor sent, by how the site answered."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    """When the edge answered 503 with Retry-After, in seconds of the monotonic clock."""
    failed: list[str] = field(default_factory=list)

    @property
    def seconds_refused(self) -> float:
        return self.refused[-1] - self.refused[0] if self.refused else 0.0


@contextmanager
def writing(
    line: Line, component: str, word: str, environment: str = "production"
) -> Iterator[Written]:
    """Write to a component all the time while the block runs."""
    written, stop = Written(), Event()
    send = KINDS[component](Browser(line, environment, component))
    thread = Thread(target=write, args=(send, word, written, stop))
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


def write(send: Write, word: str, written: Written, stop: Event) -> None:
    for number in count():
        text = f"{word} {number}"
        try:
            reply = send(text)
        except Exception as error:
            written.failed.append(f"{text}: {error!r}")
        else:
            if reply.status in (200, 201, 302):
                written.acknowledged.append(text)
            elif reply.status == 503 and reply.retry_after:
                written.refused.append(time.monotonic())
            else:
                written.failed.append(f"{text}: {reply.status} {unescape(reply.body)[:200]}")
        if stop.wait(0.02):
            return
