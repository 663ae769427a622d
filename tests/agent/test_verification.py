"""What counts as a release's own word, and what does not."""

from collections.abc import Mapping

import pytest

from agent.failure import Failure
from agent.pages import PageResponse, retry_while_refused
from agent.runtimes import get_runtime
from agent.verification import verify_page
from model.component import Check, Serve

NEW, OLD = "a" * 64, "b" * 64


def response(
    status: int = 200, body: str = "", headers: Mapping[str, str] | None = None
) -> PageResponse:
    return PageResponse(status, headers or {}, body)


def from_release(*digests: str) -> list[PageResponse]:
    return [response(headers={"x-slipway-release": digest}) for digest in digests]


def refuse(path: str) -> PageResponse:
    raise AssertionError(f"asked for {path}")


def test_php_is_believed_when_each_of_its_pages_comes_from_the_new_release() -> None:
    pages = [*from_release(NEW, NEW), response(body="a picture")]
    get_runtime("php").verify_digest(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (from_release(OLD), "release bbbbbbbbbbbb answers instead of aaaaaaaaaaaa"),
        (from_release(NEW, OLD), "release bbbbbbbbbbbb answers"),
        ([response()], "no checked page came from PHP"),
    ],
)
def test_php_is_not_believed_otherwise(pages: list[PageResponse], why: str) -> None:
    with pytest.raises(Failure, match=why):
        get_runtime("php").verify_digest(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize("runtime", ["static", "node", "python"])
def test_the_edge_is_believed_for_the_digest_among_the_files(runtime: str) -> None:
    get_runtime(runtime).verify_digest(NEW, Serve(), [], lambda _: response(body=f"{NEW}\n"))
    for wrong in (response(body=OLD), response(404)):
        with pytest.raises(Failure, match=r"^GET /.well-known/slipway-release -> "):
            get_runtime(runtime).verify_digest(NEW, Serve(), [], lambda _, wrong=wrong: wrong)  # type: ignore[misc]  # mypy cannot infer a lambda's default


def test_what_came_is_told_in_one_line() -> None:
    page = response(500, "\n  <b>Fatal error</b>: no table  \nin index.php on line 3")
    with pytest.raises(Failure) as failure:
        verify_page(Check(), page)
    sentence = "GET / -> 500 '<b>Fatal error</b>: no table', expected 200"
    assert str(failure.value) == sentence


def test_only_a_refused_connection_is_tried_again() -> None:
    refusals = [1, 2]

    def reply() -> PageResponse:
        if refusals:
            refusals.pop()
            raise ConnectionRefusedError
        return response(503)

    assert retry_while_refused(reply).status == 503

    def never() -> PageResponse:
        raise ConnectionRefusedError

    with pytest.raises(Failure, match="the edge does not listen"):
        retry_while_refused(never, seconds=0.1)
