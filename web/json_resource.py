"""A web resource that answers a GET with JSON, or with an error in a sentence."""

import json
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.python import log
from twisted.python.failure import Failure
from twisted.web.http import CACHED, NOT_MODIFIED
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from web.shared_answers import RETRY_SECONDS, Answer, Endpoint, SharedAnswers, TooManyRequests

SESSION_COOKIE = b"TWISTED_"
"""How the name of the cookie begins that Buildbot gives at a login."""


class NotFound(ValueError):
    """What a query names does not exist; the text says what."""


class BadQuery(ValueError):
    """A parameter of a query is malformed; the text says which one."""


STATUSES: dict[type[Exception], int] = {NotFound: 404, BadQuery: 400, TooManyRequests: 429}


class JsonResource(Resource):
    """One endpoint: 304 for who has the same answer, 404 for NotFound, 400 for BadQuery.

    429 for TooManyRequests, and 500 and a line in the log for any other exception.
    """

    isLeaf = True

    def __init__(self, name: str, endpoint: Endpoint, answers: SharedAnswers, master: Any) -> None:
        super().__init__()
        self.name = name
        self.endpoint = endpoint
        self.answers = answers
        self.master = master

    def render_GET(self, request: Request) -> int:
        query = {
            name.decode(errors="replace"): values[0].decode(errors="replace")
            for name, values in request.args.items()
        }
        request.notifyFinish().addErrback(lambda _: setattr(request, "is_disconnected", True))
        is_stranger = self.is_stranger(request)
        get = self.answers.get
        answer = maybeDeferred(get, self.name, self.endpoint, query, is_stranger=is_stranger)
        answer.addCallback(lambda answer: send(request, answer))
        answer.addErrback(lambda failure: send_error(request, failure))
        return int(NOT_DONE_YET)

    def is_stranger(self, request: Request) -> bool:
        """Whether nobody has logged in; Buildbot would begin a session for who has none."""
        if not any(name.startswith(SESSION_COOKIE) for name in request.received_cookies):
            return True
        return bool(self.master.www.getUserInfos(request).get("anonymous"))


def send_error(request: Request, failure: Failure) -> None:
    status = next((code for kind, code in STATUSES.items() if failure.check(kind)), 500)
    message = str(failure.value) if status != 500 else "the master failed; its log says more"
    if status == 500:
        log.err(failure, "an answer of the Releases page")
    if getattr(request, "is_disconnected", False):
        return
    request.setResponseCode(status)
    if status == 429:
        request.setHeader(b"retry-after", str(RETRY_SECONDS).encode())
    finish(request, json.dumps({"error": message}).encode())


def send(request: Request, answer: Answer) -> None:
    if getattr(request, "is_disconnected", False):
        return
    request.setHeader(b"vary", b"accept-encoding")
    if request.setETag(answer.etag) == CACHED:
        finish(request, b"")
    elif b"gzip" in (request.getHeader(b"accept-encoding") or b""):
        request.setHeader(b"content-encoding", b"gzip")
        finish(request, answer.compressed)
    else:
        finish(request, answer.body)


def finish(request: Request, body: bytes) -> None:
    request.setHeader(b"content-type", b"application/json")
    request.setHeader(b"cache-control", b"no-cache")  # a browser asks whether it has changed
    if request.code != NOT_MODIFIED:
        request.setHeader(b"content-length", str(len(body)).encode())
    request.write(body)
    request.finish()
