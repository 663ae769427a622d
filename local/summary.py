"""The page with which `make run` ends: addresses, and what to press and to type."""

from collections.abc import Iterator, Mapping
from functools import partial

from agent.server import Server
from local import ui_passwords
from local.account_names import MASTER
from local.as_account import call
from local.layout import CHECKOUT, Layout
from local.progress import console
from local.services import environment_servers
from model.site import Site
from servers import inventory

ONE_ACCOUNT = (
    "everything here runs as one account, so a build can read every secret and both environments; "
    "started by root, each has its own account"
)


def show(site: Site, layout: Layout, servers: Mapping[str, Server]) -> None:
    console.print()
    for label, value in (*addresses(site, layout), ("", ""), *instructions(site, layout, servers)):
        console.print(f"[bold]{label:<18}[/]{value}" if value else "", soft_wrap=True)


def addresses(site: Site, layout: Layout) -> Iterator[tuple[str, str]]:
    """The addresses of Buildbot and of each component in each environment."""
    yield "Buildbot", layout.url
    for environment in site.environments:
        for number, component in enumerate(site.components):
            yield environment.name if number == 0 else "", environment.url(component)


def instructions(
    site: Site, layout: Layout, servers: Mapping[str, Server]
) -> Iterator[tuple[str, str]]:
    """What to do next: what to press, and the commands to type."""
    component, user = site.components[0], site.releasers[0]
    passwords = call(layout, MASTER, partial(ui_passwords.passwords, layout))
    password = passwords.get(user) or f"the password is not in {layout.ui_passwords}"
    yield "Log in", f"{user} / {password}"
    yield "Change", f"make change COMPONENT={component.name}{variables(layout)}"
    for environment in [e for e in site.environments if e.promotes_from][:1]:
        yield "Promote", f"{layout.url}#/releases shows what waits for {environment.name}"
    for environment in site.environments:
        if environment.name in servers:
            server = servers[environment.name]
            root = environment_servers.authority(server)
            yield environment.name, f"curl --cacert {root} {environment.url(component)}"
        for name, host in inventory.addresses(layout, environment).items():
            authority = f"--cacert {layout.authority(environment.name)}"
            target = f"--connect-to ::{host.edge}: {environment.url(component)}"
            yield f"{environment.name} {name}", f"curl {authority} {target}"
    yield "Stop", f"make stop{variables(layout)}"
    if not layout.separate:
        yield "Accounts", ONE_ACCOUNT


def variables(layout: Layout) -> str:
    """The variables of `make` that select this installation; none for the default one."""
    default = Layout(CHECKOUT / "var" / "run")
    values = {
        "SITE": (layout.site, default.site),
        "ENVIRONMENTS": (layout.environments, default.environments),
        "STATE": (layout.state, default.state),
        "MIRRORS": (layout.mirrors, default.mirrors),
        "PORT": (layout.http_port, default.http_port),
    }
    return "".join(f" {name}={own}" for name, (own, other) in values.items() if own != other)
