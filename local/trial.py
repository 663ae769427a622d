"""`make upstream`: try our changes on upstream's releases now, and print the report."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from cli.errors import CliError
from cli.master_client import Button, Client, Credentials
from cli.press import BuildFollower
from local import installation_accounts, ui_passwords
from local.errors import CommandError, exit_on_error
from local.layout import Layout, add_arguments, read_layout
from local.progress import console, plain
from model.component import Component
from model.site import Site, read_site
from releases.buttons import TRY_UPSTREAM
from releases.trial import TRIAL_PROPERTY, Report, Target


def try_now(layout: Layout, name: str) -> Report:
    """Have a component's trial builder run now, and wait for its report; raises CommandError.

    The first releaser presses the button. If the operator deleted that password from this machine,
    a login is looked for as `slipway` does.
    """
    site = read_site(layout.site, layout.environments)
    component, user = find_trial_component(site, name), site.releasers[0]
    client = Client(layout.url)
    try:
        password = ui_passwords.passwords(layout).get(user)
        client.log_in(Credentials(user, password) if password else None)
        builder = client.get(f"api/v2/builders/{component.trial_builder}")["builders"][0]
        button = Button(TRY_UPSTREAM, int(builder["builderid"]))
        request = client.press(button, {"reason": "make upstream"})
        result = BuildFollower(client, component.trial_builder, request).follow()
        properties = build_properties(client, request)
    except CliError as error:
        raise CommandError(str(error)) from None
    if TRIAL_PROPERTY not in properties:
        raise CommandError(f"{result.message}: {result.page}")
    return Report.model_validate(properties[TRIAL_PROPERTY][0])


def build_properties(client: Client, request: int) -> Mapping[str, Any]:
    """The properties of a request's build; none when it was cancelled before it began."""
    build = client.build(request)
    path = f"api/v2/builds/{build['buildid']}/properties" if build else None
    properties: Mapping[str, Any] = client.get(path)["properties"][0] if path else {}
    return properties


def find_trial_component(site: Site, name: str) -> Component:
    components = {component.name: component for component in site.trial_components}
    if name not in components:
        raise CommandError(
            f"say which component: make upstream COMPONENT=…, one of {', '.join(components)}"
        )
    return components[name]


def show(report: Report) -> None:
    """Print each trial, with a line for each patch."""
    if report.unknown:
        console.print(f"[red]✗[/] {plain(report.unknown)}", soft_wrap=True)
    for trial in report.trials:
        mark = "[green]✓[/]" if trial.fits else "[red]✗[/]"
        console.print(f"{mark} {plain(trial.title)} at {trial.commit[:8]}")
        for patch in trial.patches:
            console.print(f"    {plain(patch.subject)}: {plain(patch.words)}", soft_wrap=True)
        if trial.failed:
            console.print(f"    {plain(trial.failed)}", soft_wrap=True)
    if report.offer:
        console.print(plain(report.offer), soft_wrap=True)


def main() -> None:
    parser = add_arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--component", default="")
    options = parser.parse_args()
    layout = read_layout(options)
    installation_accounts.become_master(layout)
    report = try_now(layout, options.component)
    show(report)
    releases = [trial for trial in report.trials if trial.target is not Target.MAIN]
    sys.exit(0 if releases and all(trial.fits for trial in releases) else 1)


if __name__ == "__main__":
    exit_on_error(main)
