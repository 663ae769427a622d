"""What the roles declare becomes the rules of security groups, and nothing else is open."""

import pytest

from cloud.project_network import Rule
from model.environment import Environment
from model.role import BASE, EVERYONE, OPERATOR, WORKER, roles
from servers import openings

NETWORK = ("10.1.0.0/24",)
OPERATORS = ("192.0.2.7/32",)


def environment(**groups: tuple[str, ...]) -> Environment:
    servers = {
        name: {"image": "i", "flavor": "f", "roles": group} for name, group in groups.items()
    }
    openstack = {"cloud": "c", "master": "m:1", "network": "n", "operators": OPERATORS}
    return Environment.model_validate(
        {
            "name": "staging",
            "domain": "example.org",
            "indexed": False,
            "tls": "internal",
            "openstack": openstack,
            "servers": servers,
        }
    )


def test_a_group_opens_what_its_roles_declare() -> None:
    found = openings.security_groups(environment(web=("edge", "app", "database")), NETWORK)
    anywhere = {Rule(port, cidr="0.0.0.0/0") for port in (80, 443)}
    ssh = {Rule(22, cidr=cidr) for cidr in (*NETWORK, *OPERATORS)}
    assert found == {"slipway-staging-web": anywhere | ssh}


def test_a_port_for_a_role_is_open_to_the_groups_that_have_it_and_to_nobody_else() -> None:
    place = environment(web=("edge", "app"), other=("edge", "app"))
    found = set(openings.rules(place, 3306, "app", NETWORK))
    assert found == {Rule(3306, group=f"slipway-staging-{name}") for name in ("web", "other")}
    assert not set(openings.rules(place, 3306, "database", NETWORK))


def test_a_role_may_open_a_port_on_every_server_to_its_own() -> None:
    found = openings.security_groups(
        environment(web=("edge", "app"), watch=("metrics", "logs")), NETWORK
    )
    assert Rule(9100, group="slipway-staging-watch") in found["slipway-staging-web"]
    logs = {Rule(2514, group=f"slipway-staging-{name}") for name in ("web", "watch")}
    assert logs <= found["slipway-staging-watch"]
    assert not logs & found["slipway-staging-web"]


@pytest.mark.parametrize("name", sorted(roles()))
def test_a_role_names_only_others_that_there_are(name: str) -> None:
    role = roles()[name]
    opens = (*role.opens, *role.opens_on_all)
    assert {to for opening in opens for to in opening.to} <= {
        *roles(),
        *(EVERYONE, OPERATOR, WORKER),
    }
    assert set(role.needs) <= roles().keys() - {BASE}
