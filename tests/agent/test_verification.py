"""Which responses verify a release, and which do not."""

from collections.abc import Mapping

import pytest

from agent.errors import AgentError
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
    raise AssertionError(f"requested {path}")


def test_php_passes_when_each_of_its_pages_comes_from_the_new_release() -> None:
    pages = [*from_release(NEW, NEW), response(body="a picture")]
    get_runtime("php").verify_instance(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (from_release(OLD), f"release {OLD} answers instead of {NEW}"),
        (from_release(NEW, OLD), f"release {OLD} answers"),
        ([response()], "no checked page came from PHP"),
    ],
)
def test_php_fails_with_a_page_of_another_release_or_with_none(
    pages: list[PageResponse], why: str
) -> None:
    with pytest.raises(AgentError, match=why):
        get_runtime("php").verify_instance(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize("runtime", ["static", "node", "python"])
def test_other_runtimes_pass_when_the_edge_serves_the_digest_file(runtime: str) -> None:
    get_runtime(runtime).verify_instance(NEW, Serve(), [], lambda _: response(body=f"{NEW}\n"))
    for wrong in (response(body=OLD), response(404)):
        with pytest.raises(AgentError, match=r"^GET /.well-known/slipway-release -> "):
            get_runtime(runtime).verify_instance(NEW, Serve(), [], lambda _, wrong=wrong: wrong)  # type: ignore[misc]  # mypy cannot infer a lambda's default


def test_an_unexpected_response_is_quoted_in_one_line() -> None:
    page = response(500, "\n  <b>Fatal error</b>: no table  \nin index.php on line 3")
    with pytest.raises(AgentError) as failure:
        verify_page(Check(), page)
    sentence = "GET / -> 500 '<b>Fatal error</b>: no table', expected 200"
    assert str(failure.value) == sentence


def test_only_a_refused_connection_is_retried() -> None:
    refusals = [1, 2]

    def refuse_twice() -> PageResponse:
        if refusals:
            refusals.pop()
            raise ConnectionRefusedError
        return response(503)

    assert retry_while_refused(refuse_twice).status == 503

    def refuse_always() -> PageResponse:
        raise ConnectionRefusedError

    with pytest.raises(AgentError, match="the edge does not listen"):
        retry_while_refused(refuse_always, seconds=0.1)
