"""A role of a server: what its folder under `roles/` declares in `role.toml`."""

from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from model.reading import Model, Name, Port, read

ROLES = Path(__file__).resolve().parent.parent / "roles"
BASE = "base"
"""The role of every server, which no file lists."""
APP, EDGE = "app", "edge"
"""The roles of the servers that releases are deployed to, and of those that visitors reach."""
EVERYONE, OPERATOR, WORKER = "everyone", "operator", "worker"
"""Who may reach a port, besides servers with a role: the world; who prepares servers; the
machines of the environment's own network, among them its deploy worker."""


class Opening(Model):
    """A TCP port that a role opens."""

    port: Port
    to: tuple[Name, ...]
    """Roles whose servers reach it, `base` for all; `everyone`; `operator`; `worker`."""
    purpose: Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]{1,120}$")]
    """Shown by nftables, which allows 128 bytes without quotes, beside the rule."""


class Role(Model):
    """What a server is for."""

    name: Name
    title: str
    needs: tuple[Name, ...] = ()
    """Roles that must be on the same server, and are made first."""
    opens: tuple[Opening, ...] = ()
    """On the servers that have the role."""
    opens_on_all: tuple[Opening, ...] = ()
    """On every server of an environment in which one has the role."""
    backup: tuple[str, ...] = ()
    """Paths on the server that nothing else could make again."""


@cache
def roles() -> dict[str, Role]:
    """Every role, by name; raises InvalidSite for a declaration with errors."""
    files = sorted(ROLES.glob("*/role.toml"))
    return {file.parent.name: read(file, Role, name=file.parent.name) for file in files}


def in_order(names: Iterable[str]) -> list[str]:
    """Roles of one server: the basic one first, and each after those that it needs."""
    graph = {name: roles()[name].needs for name in names}
    return [BASE, *TopologicalSorter(graph).static_order()]


def known_role(name: str) -> str:
    """Refuse what is no role that a file may list."""
    expected = sorted(roles().keys() - {BASE})
    if name not in expected:
        raise ValueError(f"no role '{name}'; expected one of {', '.join(expected)}")
    return name
