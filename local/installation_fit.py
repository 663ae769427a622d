"""Whether a site can run on this machine beside its master: ports, names, the way to the master."""

from collections.abc import Iterator

from local.account_names import EDGE
from local.layout import Layout
from local.services.environment_servers import RESERVED
from model.site_checks import Parts

HIGHEST_PORT = 65535


def misfits(parts: Parts, layout: Layout) -> list[str]:
    """Everything that does not fit, one sentence each, with the file and the key."""
    return [*master_ports(layout), *names(parts), *ports(parts, layout), *ways(parts, layout)]


def own_ports(layout: Layout) -> dict[int, str]:
    """The ports of the master, with what each is for."""
    return {layout.http_port: "Buildbot's UI", layout.worker_port: "its workers"}


def master_ports(layout: Layout) -> Iterator[str]:
    for port, purpose in own_ports(layout).items():
        if not 0 < port <= HIGHEST_PORT:
            yield f"PORT={layout.http_port}: {purpose} would have port {port}, above {HIGHEST_PORT}"


def names(parts: Parts) -> Iterator[str]:
    for environment in parts.environments:
        if environment.name in RESERVED:
            file = parts.environment_file(environment)
            yield f"{file}: an environment cannot be called '{environment.name}' on this machine"
    if any(component.name == EDGE for component in parts.components):
        folder = parts.folder / "components" / EDGE
        yield f"{folder}: a component cannot be called '{EDGE}' on this machine"


def ports(parts: Parts, layout: Layout) -> Iterator[str]:
    """Ports of the environments whose server is this machine, and the master's."""
    purposes = dict(own_ports(layout))
    for environment in parts.environments:
        if environment.servers:
            continue
        file = parts.environment_file(environment)
        for key in ("http_port", "https_port"):
            port = getattr(environment, key)
            if port in purposes:
                yield f"{file}: key '{key}': port {port} is needed for {purposes[port]} already"
            purposes[port] = f"'{key}' of {environment.name}"


def ways(parts: Parts, layout: Layout) -> Iterator[str]:
    """Environments whose machines would call a port at which no master listens."""
    reached = layout.forwarded_port or layout.worker_port
    for environment in parts.environments:
        cloud = environment.openstack
        if cloud and cloud.lanes and cloud.master.rpartition(":")[2] != str(reached):
            file = parts.environment_file(environment)
            yield (
                f"{file}: key 'openstack.master': machines would call {cloud.master}, and this "
                f"master listens for them at port {reached}, which is PORT + 1; if that port is "
                "forwarded: OPTIONS=--forwarded-port=…"
            )
