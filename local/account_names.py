"""The names of an installation's accounts and groups, and who is a member of which group.

| name | is |
|---|---|
| `master`, `build`, `review` | the master's account, and those of the lanes |
| `staging` | the account of an environment: it deploys, and has the database |
| `staging.edge` | that of the environment's edge |
| `staging.blog` | that of a component there, if it has processes |
| `staging.blog.readers` | a group, not an account: who may enter the component's directory |

Standard library only: `make stop` needs it.
"""

from collections.abc import Iterable, Mapping

MASTER = "master"
EDGE = "edge"
"""No component of an installation that root starts may have this name."""
READERS = "readers"


def of_edge(environment: str) -> str:
    return f"{environment}.{EDGE}"


def of_component(environment: str, component: str) -> str:
    return f"{environment}.{component}"


def readers(account: str) -> str:
    """The group of a component's account whose members may enter its directory."""
    return f"{account}.{READERS}"


def only_accounts(names: Iterable[str]) -> list[str]:
    """The names that are not those of groups."""
    return [name for name in names if name.count(".") < 2]


def split(account: str) -> tuple[str, str]:
    """The environment and the component (or the edge) of an account; either may be empty."""
    environment, _, part = account.partition(".")
    return environment, part


def groups(account: str, numbers: Mapping[str, int]) -> list[int]:
    """The groups of which an account is a member, besides its own.

    The account of an environment has all groups in it. Those in it may enter its folders.
    """
    environment, part = split(account)
    inner = {name: n for name, n in numbers.items() if name.startswith(f"{environment}.")}
    if not part:
        return sorted(inner.values())
    if part == EDGE:
        own = [number for name, number in inner.items() if name.endswith(f".{READERS}")]
    else:
        own = [inner[readers(account)]]
    return sorted([numbers[environment], *own])
