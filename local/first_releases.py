"""Waits until the first release of each component is live in the environments of green builds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.polling import wait_until
from local.layout import Layout
from local.progress import console, plain, show_step
from local.services.probes import get_json
from local.step_status import show_status
from model.component import Component
from model.environment import Environment
from model.site import Site

GOOD = (0, 1)
"""buildbot.process.results: success, warnings."""
RETRY = 5
"""buildbot.process.results: the worker was lost, and Buildbot builds again automatically."""
SECONDS = 600
INTERVAL = 0.5
"""Seconds between two requests for each component, since the master is busy."""


@dataclass(frozen=True)
class ReleaseProgress:
    """The state of a component's first release in an environment."""

    text: str
    is_live: bool = False
    has_failed: bool = False

    @property
    def is_over(self) -> bool:
        return self.is_live or self.has_failed


def wait(site: Site, layout: Layout) -> None:
    """Follow all first releases to their end, and print how each one ended."""
    pairs = {
        f"{component.name} on {environment.name}": (component, environment)
        for component in site.components
        for environment in site.environments
        if environment.promotes_from is None
    }
    states = dict.fromkeys(pairs, ReleaseProgress("waits"))

    def all_over() -> bool:
        for name, state in states.items():
            if not state.is_over:
                states[name] = read_progress(*pairs[name], layout)
        show_status(" · ".join(f"{name} {plain(state.text)}" for name, state in states.items()))
        return all(state.is_over for state in states.values())

    def follow() -> None:
        if not wait_until(all_over, SECONDS, INTERVAL):
            console.print(f"[yellow]![/] still not finished after {SECONDS} s; see {layout.url}")

    show_step("First releases", follow)
    for name, state in states.items():
        mark = "[green]✓[/]" if state.is_live else "[red]✗[/]"
        console.print(f"  {mark} {name}: {plain(state.text)}", soft_wrap=True)


def read_progress(
    component: Component, environment: Environment, layout: Layout
) -> ReleaseProgress:
    """The progress by the latest deployment, or else by the latest build."""
    deployments = list(builds(layout, environment.builder(component)))
    if any(deployment["results"] in GOOD for deployment in deployments):
        return ReleaseProgress(f"is served at {environment.url(component)}", is_live=True)
    latest = [(environment.builder(component), build) for build in deployments[:1]]
    latest += [(component.builder, build) for build in builds(layout, component.builder)][:1]
    for builder, build in latest:
        if not build["complete"]:
            return ReleaseProgress(f"{builder}: {build['state_string']}")
        if build["results"] not in (*GOOD, RETRY):
            return ReleaseProgress(failure(build, layout), has_failed=True)
    return ReleaseProgress("waits")


def builds(layout: Layout, builder: str) -> Iterator[Mapping[str, Any]]:
    """A builder's builds, the newest first; none while the master does not answer."""
    path = f"{layout.url}api/v2/builders/{builder}/builds"
    response = get_json(path, order="-number", limit=20)
    yield from response["builds"] if response else ()


def failure(build: Mapping[str, Any], layout: Layout) -> str:
    url = f"{layout.url}#/builders/{build['builderid']}/builds/{build['number']}"
    return f"failed ({' '.join(build['state_string'].split())}): {url}"
