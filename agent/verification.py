"""Verify that a release serves its pages: each check holds, and the answer is the release's own.

A page alone does not show which release made it. So each runtime also verifies the
instance (`agent/runtimes/`), and for each service the kernel names the process that listens
(`agent/listeners.py`).
"""

from concurrent.futures import ThreadPoolExecutor

from agent import listeners, pages, processes, runtimes
from agent.component_directory import NEXT, ComponentDirectory
from agent.errors import AgentError
from agent.instance import Instance
from agent.pages import PageResponse
from model.component import Check, Service


def request_next(
    directory: ComponentDirectory, instance: Instance, *, show_log: bool = True
) -> None:
    """Start an instance and request its pages before visitors do; raises AgentError."""
    processes.start(directory, instance, show_log=show_log)
    directory.set_link(NEXT, instance)
    verify_release(directory, instance, NEXT)


def verify_release(directory: ComponentDirectory, instance: Instance, link: str) -> None:
    """Raises AgentError naming the first check that does not hold, with the expected response.

    The instance that `next` points at is requested through the preview socket, that of `current`
    over HTTPS. The requests run at the same time: a new release computes each page anew.
    """
    manifest, context = directory.manifest(instance), directory.context()
    fetcher = pages.preview_fetcher if link == NEXT else pages.public_fetcher
    fetch_page = fetcher(directory.server, context.url)
    with ThreadPoolExecutor(len(manifest.checks)) as pool:
        responses = list(pool.map(fetch_page, (check.path for check in manifest.checks)))
    for check, response in zip(manifest.checks, responses, strict=True):
        verify_page(check, response)
    runtime = runtimes.get_runtime(manifest.runtime)
    runtime.verify_instance(directory.tree(instance).name, manifest.serve, responses, fetch_page)
    for service in manifest.services:
        listeners.verify_listener(directory, link, instance, service)
    for service in manifest.services[1:]:
        if url := context.locations.get(service.name):
            verify_health(service, url, fetcher(directory.server, url)(service.health))


def verify_health(service: Service, url: str, response: PageResponse) -> None:
    """Raises AgentError unless a service is healthy at its own host."""
    if response.status != 200:
        page = f"{url.rstrip('/')}{service.health}"
        raise AgentError(f"service {service.name}: GET {page} -> {response}, expected 200")


def verify_page(check: Check, response: PageResponse) -> None:
    """Raises AgentError unless the check holds."""
    if response.status != check.status:
        raise AgentError(f"GET {check.path} -> {response}, expected {check.status}")
    if check.contains and check.contains not in response.body:
        raise AgentError(
            f"GET {check.path} -> {response}, expected it to contain '{check.contains}'"
        )
