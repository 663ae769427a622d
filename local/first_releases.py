"""Waits until every component is served where green builds go, and says how far each one is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.polling import wait_until
from local.layout import Layout
from local.progress import console, step
from local.services.probes import ask
from model.component import Component
from model.environment import Environment
from model.site import Site

GOOD = (0, 1)
"""buildbot.process.results: success, warnings."""
REPEATED = 5
"""buildbot.process.results: the worker was lost, Buildbot builds again by itself."""
SECONDS = 600
INTERVAL = 0.5
"""Seconds between two looks: each asks the master, which is busy, about every component."""


@dataclass(frozen=True)
class Progress:
    """How far a component's first release has come."""

    words: str
    served: bool = False
    failed: bool = False

    @property
    def over(self) -> bool:
        return self.served or self.failed


def wait(site: Site, layout: Layout) -> bool:
    """Follow all first releases to their end; whether all are served."""
    pairs = [
        (component, environment)
        for component in site.components
        for environment in site.environments
        if environment.promotes_from is None
    ]
    with step("First releases") as say:
        found: dict[str, Progress] = {}

        def over() -> bool:
            for component, environment in pairs:
                look(found, component, environment, layout)
            say(" · ".join(f"{name} {progress.words}" for name, progress in found.items()))
            return all(progress.over for progress in found.values())

        if not wait_until(over, SECONDS, INTERVAL):
            console.print(f"[yellow]![/] still not finished after {SECONDS} s; see {layout.url}")
        say("First releases")
    report(found.items())
    return all(progress.served for progress in found.values())


def look(
    found: dict[str, Progress], component: Component, environment: Environment, layout: Layout
) -> None:
    """Ask again about one component, unless it is over."""
    name = f"{component.name} on {environment.name}"
    if name not in found or not found[name].over:
        found[name] = progress(component, environment, layout)


def report(found: Iterable[tuple[str, Progress]]) -> None:
    for name, end in found:
        mark = "[green]✓[/]" if end.served else "[red]✗[/]"
        console.print(f"  {mark} {name}: {end.words}", soft_wrap=True)


def progress(component: Component, environment: Environment, layout: Layout) -> Progress:
    """What Buildbot says of the component's builder and its deployments to the environment."""
    deployments = builds(layout, environment.builder(component))
    if any(build["results"] in GOOD for build in deployments):
        return Progress(f"is served at {environment.url(component)}", served=True)
    made = builds(layout, component.builder)
    newest = [*deployments[:1], *made[:1]]
    for build, builder in zip(
        newest, (environment.builder(component), component.builder), strict=False
    ):
        if build["complete"] and build["results"] not in (*GOOD, REPEATED):
            return Progress(failure(build, layout), failed=True)
        if not build["complete"]:
            return Progress(f"{builder}: {build['state_string']}")
    return Progress("waits")


def builds(layout: Layout, builder: str) -> list[Mapping[str, Any]]:
    """A builder's builds, the newest first; none while the master does not answer."""
    path = f"{layout.url}api/v2/builders/{builder}/builds"
    answer = ask(path, order="-number", limit=20)
    found: list[Mapping[str, Any]] = list(answer["builds"]) if answer else []
    return found


def failure(build: Mapping[str, Any], layout: Layout) -> str:
    address = f"{layout.url}#/builders/{build['builderid']}/builds/{build['number']}"
    return f"failed ({' '.join(build['state_string'].split())}): {address}"
