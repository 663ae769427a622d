"""The page with which `make run` ends: where to look, what to press, what to type."""

from collections.abc import Iterator, Mapping

from agent.server import Server
from local import secrets
from local.layout import CHECKOUT, Layout
from local.progress import console
from local.services import environment_servers
from model.site import Site
from servers import inventory


def show(site: Site, layout: Layout, running: Mapping[str, Server]) -> None:
    console.print()
    for what, value in (*addresses(site, layout), ("", ""), *instructions(site, layout, running)):
        console.print(f"[bold]{what:<18}[/]{value}" if value else "", soft_wrap=True)


def addresses(site: Site, layout: Layout) -> Iterator[tuple[str, str]]:
    """Where to look: Buildbot, then each component in each environment."""
    yield "Buildbot", layout.url
    for environment in site.environments:
        for number, component in enumerate(site.components):
            yield environment.name if number == 0 else "", environment.url(component)


def instructions(
    site: Site, layout: Layout, running: Mapping[str, Server]
) -> Iterator[tuple[str, str]]:
    """What to do next, each as something to type or to press."""
    component, user = site.components[0], site.releasers[0]
    yield "Log in", f"{user} / {secrets.password(layout, user)}"
    yield "Change", f"make change COMPONENT={component.name}{variables(layout)}"
    for environment in [e for e in site.environments if e.promotes_from][:1]:
        yield "Promote", f"{layout.url}#/releases shows what waits for {environment.name}"
    for environment in site.environments:
        if environment.name in running:
            root = environment_servers.authority(running[environment.name])
            yield environment.name, f"curl --cacert {root} {environment.url(component)}"
        for name, host in inventory.addresses(layout, environment).items():
            trusting = f"--cacert {layout.authority(environment.name)}"
            there = f"--connect-to ::{host.edge}: {environment.url(component)}"
            yield f"{environment.name} {name}", f"curl {trusting} {there}"
    yield "Stop", f"make stop{variables(layout)}"


def variables(layout: Layout) -> str:
    """What to write behind `make` to mean this installation and not the usual one."""
    usual = Layout(CHECKOUT / "var" / "run")
    meant = {
        "SITE": (layout.site, usual.site),
        "ENVIRONMENTS": (layout.environments, usual.environments),
        "STATE": (layout.state, usual.state),
        "MIRRORS": (layout.mirrors, usual.mirrors),
        "PORT": (layout.http_port, usual.http_port),
    }
    return "".join(f" {name}={here}" for name, (here, there) in meant.items() if here != there)
