"""Makes what a small real cloud has.

    python -m slipcloud.seed services   accounts and catalog, with nothing but Keystone there
    python -m slipcloud.seed projects   projects, users, networks, flavors, quotas

The latter prints `clouds.yaml`: each project's application credential, and the administrator.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import openstack
from openstack.connection import Connection

from tests.cloud.configuration import PASSWORD, REGION
from tests.cloud.layout import MARK, Layout

TYPES = {
    "glance": ("image", ""),
    "placement": ("placement", ""),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
}
PROJECTS = ("staging", "production", "sandbox", *(f"sandbox-{number}" for number in range(4)))
"""The numbered ones are for tests that run beside each other."""
PUBLIC = "127.77.0.0/24"
"""Floating IPs: addresses of this host's loopback."""
FLAVORS = {
    # vcpus, MiB of memory, GiB of disk
    "small": (1, 1024, 10),
    "medium": (2, 2048, 20),
    "large": (4, 4096, 40),
    "impossible": (4, 1_048_576, 40),
}
QUOTA = {"instances": 8, "cores": 16, "ram": 16_384, "key_pairs": 10}
NETWORK_QUOTA = {"networks": 4, "ports": 30, "security_groups": 10, "floating_ips": 8}
GROUPS = {"worker": (22,), "web": (22, 80, 443)}
"""Security groups, and the TCP ports that they open."""


def connection(layout: Layout, user: str, password: str, project: str) -> Connection:
    return openstack.connect(
        auth_url=f"{layout.internal('keystone')}/v3",
        username=user,
        password=password,
        project_name=project,
        user_domain_id="default",
        project_domain_id="default",
        region_name=REGION,
        interface="internal",
        identity_api_version="3",
    )


def services(layout: Layout, admin: Connection) -> None:
    """The service accounts, and the catalog: the public way leads through the proxy."""
    identity = admin.identity
    roles = {role.name: role.id for role in identity.roles()}
    project = identity.create_project(name="service", domain_id="default")
    for name in ("glance", "placement", "nova", "neutron"):
        kind, path = TYPES[name]
        user = identity.create_user(name=name, password=PASSWORD, domain_id="default")
        for role in ("admin", "service"):
            identity.assign_project_role_to_user(project.id, user.id, roles[role])
        service = identity.create_service(name=name, type=kind)
        for interface, url in (
            ("public", layout.url(name)),
            ("internal", layout.internal(name)),
            ("admin", layout.internal(name)),
        ):
            identity.create_endpoint(
                service_id=service.id, interface=interface, url=url + path, region_id=REGION
            )


def account(layout: Layout, admin: Connection, name: str) -> dict[str, Any]:
    """A project with its user; how `clouds.yaml` describes that user's application credential."""
    identity = admin.identity
    member = identity.find_role("member")
    project = identity.create_project(name=name, domain_id="default")
    user = identity.create_user(name=name, password=f"{name}-{PASSWORD}", domain_id="default")
    identity.assign_project_role_to_user(project.id, user.id, member.id)
    own = connection(layout, name, f"{name}-{PASSWORD}", name)
    credential = own.identity.create_application_credential(user.id, name="slipway")
    return {
        "auth_type": "v3applicationcredential",
        "auth": {
            "auth_url": f"{layout.url('keystone')}/v3",
            "application_credential_id": credential.id,
            "application_credential_secret": credential.secret,
        },
    }


def quota(admin: Connection, name: str) -> None:
    project = admin.identity.find_project(name)
    admin.set_compute_quotas(project.id, **QUOTA)
    admin.set_network_quotas(project.id, **NETWORK_QUOTA)


def network(layout: Layout, name: str, cidr: str, public: str) -> None:
    """The project's network, its way out, and its security groups."""
    own = connection(layout, name, f"{name}-{PASSWORD}", name).network
    internal = own.create_network(name="internal")
    subnet = own.create_subnet(name="internal", network_id=internal.id, ip_version=4, cidr=cidr)
    router = own.create_router(name="router", external_gateway_info={"network_id": public})
    own.add_interface_to_router(router, subnet_id=subnet.id)
    for group, ports in GROUPS.items():
        made = own.create_security_group(name=group)
        for port in ports:
            own.create_security_group_rule(
                security_group_id=made.id,
                direction="ingress",
                protocol="tcp",
                port_range_min=port,
                port_range_max=port,
            )


def projects(layout: Layout, admin: Connection) -> None:
    """All but the services, which must work by now."""
    default_rules(admin)
    public = admin.network.create_network(
        name="public",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="public",
    )
    admin.network.create_subnet(
        name="public", network_id=public.id, ip_version=4, cidr=PUBLIC, is_dhcp_enabled=False
    )
    for name, (vcpus, ram, disk) in FLAVORS.items():
        admin.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
    clouds = {"admin": administrator(layout)}
    for number, name in enumerate(PROJECTS, 1):
        clouds[name] = account(layout, admin, name)
        quota(admin, name)
        network(layout, name, f"10.77.{number}.0/24", public.id)
    common = {"region_name": REGION, "interface": "public", "identity_api_version": "3"}
    described = {name: cloud | common for name, cloud in clouds.items()}
    # JSON is YAML too.
    print(json.dumps({"clouds": described}, indent=2))


def administrator(layout: Layout) -> dict[str, Any]:
    return {
        "auth": {
            "auth_url": f"{layout.url('keystone')}/v3",
            "username": "admin",
            "password": PASSWORD,
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
    }


def default_rules(admin: Connection) -> None:
    """What every new security group begins with; Neutron's own migrations would have made it."""
    for kind in ("IPv4", "IPv6"):
        both = {"ether_type": kind, "used_in_default_sg": True}
        admin.network.create_default_security_group_rule(
            direction="egress", used_in_non_default_sg=True, **both
        )
        admin.network.create_default_security_group_rule(
            direction="ingress", used_in_non_default_sg=False, remote_group_id="PARENT", **both
        )


def main() -> None:
    layout = Layout(Path(os.environ[MARK]), int(os.environ[f"{MARK}_FIRST_PORT"]))
    admin = connection(layout, "admin", PASSWORD, "admin")
    {"services": services, "projects": projects}[sys.argv[1]](layout, admin)


if __name__ == "__main__":
    main()
