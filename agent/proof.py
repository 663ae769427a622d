"""What a release must show before it is believed: its pages, and its digest by its own mouth."""

from concurrent.futures import ThreadPoolExecutor

from agent import pages, peers, runtimes
from agent.component_directory import NEXT, ComponentDirectory
from agent.failure import Failure
from agent.pages import Answer
from model.component import Check, Service
from model.release import Digest


def prove(directory: ComponentDirectory, digest: Digest, link: str) -> None:
    """Raises Failure naming the first check that does not hold, what was expected, what came.

    Whatever `next` means is asked through the preview, and `current` over HTTPS. The pages are
    asked for at once: a release that was just switched makes each for the first time.
    """
    manifest, context = directory.manifest(digest), directory.context()
    at = pages.preview if link == NEXT else pages.public
    ask = at(directory.server, context.url)
    with ThreadPoolExecutor(len(manifest.checks)) as pool:
        came = list(pool.map(ask, (check.path for check in manifest.checks)))
    answers = [expected(check, page) for check, page in zip(manifest.checks, came, strict=True)]
    runtimes.of(manifest.runtime).prove(digest, manifest.serve, answers, ask)
    for service in manifest.services:
        peers.prove(directory, link, digest, service)
    for service in manifest.services[1:]:
        if url := context.locations.get(service.name):
            reached(service, url, at(directory.server, url)(service.health))


def reached(service: Service, url: str, answer: Answer) -> None:
    """Raises Failure unless a service with a host of its own is healthy there."""
    if answer.status != 200:
        page = f"{url.rstrip('/')}{service.health}"
        raise Failure(f"service {service.name}: GET {page} -> {answer}, expected 200")


def expected(check: Check, answer: Answer) -> Answer:
    if answer.status != check.status:
        raise Failure(f"GET {check.path} -> {answer}, expected {check.status}")
    if check.contains and check.contains not in answer.body:
        raise Failure(f"GET {check.path} -> {answer}, expected it to contain '{check.contains}'")
    return answer
