"""What a release must show before it is believed: its pages, and its digest by its own mouth."""

from concurrent.futures import ThreadPoolExecutor

from hosts import runtimes
from hosts.failure import Failure
from hosts.pages import Answer, Ask
from model.component import Check
from model.release import Digest, Manifest


def prove(ask: Ask, manifest: Manifest, digest: Digest) -> None:
    """Raises Failure naming the first check that does not hold, what was expected, what came.

    The pages are asked for at once: a release that was just switched makes each for the first time.
    """
    with ThreadPoolExecutor(len(manifest.checks)) as pool:
        pages = list(pool.map(ask, (check.path for check in manifest.checks)))
    answers = [expected(check, page) for check, page in zip(manifest.checks, pages, strict=True)]
    runtimes.of(manifest.runtime).prove(digest, manifest.serve, answers, ask)


def expected(check: Check, answer: Answer) -> Answer:
    if answer.status != check.status:
        raise Failure(f"GET {check.path} -> {answer}, expected {check.status}")
    if check.contains and check.contains not in answer.body:
        raise Failure(f"GET {check.path} -> {answer}, expected it to contain '{check.contains}'")
    return answer
