"""A web resource that answers a GET with JSON, or with an error in a sentence."""

from collections.abc import Callable, Coroutine
from typing import Any

from pydantic import TypeAdapter
from twisted.internet.defer import Deferred
from twisted.python import log
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

Endpoint = Callable[[dict[str, str]], Coroutine[Any, Any, Any]]
"""From the parameters of a query to what is answered."""


class NotFound(ValueError):
    """What a query names does not exist; the text says what."""


class JsonResource(Resource):
    """One endpoint: 404 for NotFound, 500 and a line in the log for any other exception."""

    isLeaf = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint

    def render_GET(self, request: Request) -> int:
        query = {
            name.decode(errors="replace"): values[0].decode(errors="replace")
            for name, values in request.args.items()
        }
        request.notifyFinish().addErrback(lambda _: setattr(request, "is_disconnected", True))
        answer = Deferred.fromCoroutine(self.endpoint(query))
        answer.addCallback(lambda body: send(request, body))
        answer.addErrback(lambda failure: send_error(request, failure))
        return int(NOT_DONE_YET)


def send_error(request: Request, failure: Failure) -> None:
    is_missing = failure.check(NotFound)
    request.setResponseCode(404 if is_missing else 500)
    message = str(failure.value) if is_missing else "the master failed; its log says more"
    if not is_missing:
        log.err(failure, "an answer of the Releases page")
    send(request, {"error": message})


def send(request: Request, body: Any) -> None:
    text = TypeAdapter(Any).dump_json(body)
    if getattr(request, "is_disconnected", False):
        return
    request.setHeader(b"content-type", b"application/json")
    request.setHeader(b"cache-control", b"no-cache")
    request.write(text)
    request.finish()
