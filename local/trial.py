"""`make upstream`: try our changes on what upstream offers, now, and say what came of it."""

import base64
import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from rich.markup import escape

from cloud.polling import wait_until
from local import secrets
from local.errors import CommandError, exit_on_error
from local.layout import Layout, arguments, layout
from local.progress import console, step
from local.services.probes import LOOPBACK, SECONDS, ask
from model.component import Component
from model.site import Site, read_site
from releases.trial import TRIAL_PROPERTY, Report, Target

PATIENCE = 1800.0
"""Seconds: lint and tests of three releases of a large application."""


def run_trial(layout: Layout, name: str) -> Report:
    """Start a component's trials, and wait for their report."""
    site = read_site(layout.site, layout.environments)
    component = find(site, name)
    before = newest(layout, component)
    press(layout, site, f"{component.trial_builder}-try")
    with step(f"{component.trial_builder}") as say:
        done: list[Mapping[str, Any]] = []

        def over() -> bool:
            build = newest(layout, component)
            if build and (not before or build["number"] > before["number"]):
                say(" ".join(build["state_string"].split()))
                done[:] = [build] if build["complete"] else []
            return bool(done)

        if not wait_until(over, PATIENCE):
            raise CommandError(
                f"{component.trial_builder} does not end; see {layout.url}#/builders"
            )
        say(component.trial_builder)
    return report(layout, done[0])


def find(site: Site, name: str) -> Component:
    components = {component.name: component for component in site.trial_components}
    if name not in components:
        raise CommandError(
            f"say which component: make upstream COMPONENT=…, one of {', '.join(components)}"
        )
    return components[name]


def newest(layout: Layout, component: Component) -> Mapping[str, Any] | None:
    """The latest build of a component's trials."""
    path = f"{layout.url}api/v2/builders/{component.trial_builder}/builds"
    answer = ask(path, order="-number", limit=1)
    if answer is None:
        raise CommandError(f"no master answers at {layout.url}: make run starts one")
    return next(iter(answer["builds"]), None)


def report(layout: Layout, build: Mapping[str, Any]) -> Report:
    answer = ask(f"{layout.url}api/v2/builds/{build['buildid']}/properties")
    known = answer["properties"][0] if answer else {}
    if TRIAL_PROPERTY not in known:
        where = f"{layout.url}#/builders/{build['builderid']}/builds/{build['number']}"
        raise CommandError(f"{' '.join(build['state_string'].split())}: {where}")
    return Report.model_validate(known[TRIAL_PROPERTY][0])


def press(layout: Layout, site: Site, button: str) -> None:
    """Press a button of the UI as the first releaser, whose password lies on this machine."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    user = site.releasers[0]
    password = secrets.password(layout, user)
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    call = {"id": 1, "jsonrpc": "2.0", "method": "force", "params": {"reason": "make upstream"}}
    try:
        send(opener, layout, "auth/login", {"Authorization": f"Basic {basic}"})
        path = f"api/v2/forceschedulers/{button}"
        send(opener, layout, path, {"Content-Type": "application/json"}, json.dumps(call).encode())
    except HTTPError as refusal:
        raise CommandError(
            f"the master refused: {refusal.read().decode(errors='replace')}"
        ) from None
    except (URLError, OSError):
        raise CommandError(f"no master answers at {layout.url}: make run starts one") from None


def send(
    opener: OpenerDirector,
    layout: Layout,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> None:
    url = f"http://{LOOPBACK}:{layout.http_port}/{path}"
    with opener.open(Request(url, body, dict(headers)), timeout=SECONDS):
        pass


def show(report: Report) -> None:
    """What was tried, a line for each patch."""
    if report.unknown:
        console.print(f"[red]✗[/] {escape(report.unknown)}", soft_wrap=True)
    for trial in report.trials:
        mark = "[green]✓[/]" if trial.fits else "[red]✗[/]"
        console.print(f"{mark} {escape(trial.title)} at {trial.commit[:8]}")
        for patch in trial.patches:
            console.print(f"    {escape(patch.subject)}: {escape(patch.words)}", soft_wrap=True)
        if trial.failed:
            console.print(f"    {escape(trial.failed)}", soft_wrap=True)
    if report.offer:
        console.print(escape(report.offer), soft_wrap=True)


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--component", default="")
    given = parser.parse_args()
    told = run_trial(layout(given), given.component)
    show(told)
    tried = [trial.fits for trial in told.trials if trial.target is not Target.MAIN]
    sys.exit(0 if tried and all(tried) else 1)


if __name__ == "__main__":
    exit_on_error(main)
