"""What counts as a release's own word, and what does not."""

from collections.abc import Mapping

import pytest

from agent.failure import Failure
from agent.pages import Answer, patiently
from agent.proof import expected
from agent.runtimes import of
from model.component import Check, Serve

NEW, OLD = "a" * 64, "b" * 64


def answer(status: int = 200, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, body)


def from_release(*digests: str) -> list[Answer]:
    return [answer(headers={"x-slipway-release": digest}) for digest in digests]


def refuse(path: str) -> Answer:
    raise AssertionError(f"asked for {path}")


def test_php_is_believed_when_each_of_its_pages_comes_from_the_new_release() -> None:
    pages = [*from_release(NEW, NEW), answer(body="a picture")]
    of("php").prove(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (from_release(OLD), "release bbbbbbbbbbbb answers instead of aaaaaaaaaaaa"),
        (from_release(NEW, OLD), "release bbbbbbbbbbbb answers"),
        ([answer()], "no checked page came from PHP"),
    ],
)
def test_php_is_not_believed_otherwise(pages: list[Answer], why: str) -> None:
    with pytest.raises(Failure, match=why):
        of("php").prove(NEW, Serve(), pages, refuse)


@pytest.mark.parametrize("runtime", ["static", "node", "python"])
def test_the_edge_is_believed_for_the_digest_among_the_files(runtime: str) -> None:
    of(runtime).prove(NEW, Serve(), [], lambda _: answer(body=f"{NEW}\n"))
    for wrong in (answer(body=OLD), answer(404)):
        with pytest.raises(Failure, match=r"^GET /.well-known/slipway-release -> "):
            of(runtime).prove(NEW, Serve(), [], lambda _, wrong=wrong: wrong)  # type: ignore[misc]  # mypy cannot infer a lambda's default


def test_what_came_is_told_in_one_line() -> None:
    page = answer(500, "\n  <b>Fatal error</b>: no table  \nin index.php on line 3")
    with pytest.raises(Failure) as failure:
        expected(Check(), page)
    sentence = "GET / -> 500 '<b>Fatal error</b>: no table', expected 200"
    assert str(failure.value) == sentence


def test_only_a_refused_connection_is_tried_again() -> None:
    refusals = [1, 2]

    def reply() -> Answer:
        if refusals:
            refusals.pop()
            raise ConnectionRefusedError
        return answer(503)

    assert patiently(reply).status == 503

    def never() -> Answer:
        raise ConnectionRefusedError

    with pytest.raises(Failure, match="the edge does not listen"):
        patiently(never, seconds=0.1)
