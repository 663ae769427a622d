"""The accounts of a server that is a machine, as names that Debian accepts.

The agent's account has every group; a component's account and the edge's may enter what is the
agent's, and read there what `agent/accounts.py` opens to them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.server import ComponentAccount
from model.component import Component

AGENT = "slipway"
"""To which the deploy worker logs in; it administers the database too."""
EDGE = "slipway-edge"


def of_component(component: str) -> str:
    return f"app-{component}"


def readers(component: str) -> str:
    return f"readers-{component}"


def unit(component: str) -> str:
    """The service of a component, without its prefix."""
    return of_component(component)


def runtime_folder(component: str) -> Path:
    """Systemd makes it for the unit: it is the account's, and its group enters it."""
    return Path("/run") / f"slipway-{unit(component)}"


def supervisor_socket(component: str) -> Path:
    return runtime_folder(component) / "supervisord.sock"


def component_accounts(components: Iterable[Component]) -> Mapping[str, ComponentAccount]:
    """Each component with its account; those of mere files have the edge's."""
    return {
        component.name: ComponentAccount(
            group=of_component(component.name),
            readers=readers(component.name),
            supervisor=supervisor_socket(component.name),
        )
        if component.has_processes
        else ComponentAccount(group=EDGE, readers=EDGE)
        for component in components
    }


def group_names(components: Iterable[Component]) -> list[str]:
    """The groups that are not the own one of an account."""
    return [readers(component.name) for component in components if component.has_processes]


def memberships(components: Iterable[Component]) -> dict[str, list[str]]:
    """Each account with the groups that it has besides its own; the agent's comes last."""
    own = [component.name for component in components if component.has_processes]
    members = {of_component(name): [AGENT, readers(name)] for name in own}
    members[EDGE] = [AGENT, *map(readers, own)]
    members[AGENT] = [*members, *map(readers, own)]
    return members
