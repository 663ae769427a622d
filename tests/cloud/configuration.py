"""The configuration files of the OpenStack services, as little as makes them one cloud.

Each choice that is not obvious was measured: SQLite locks Nova's databases, an empty
`network_scheduler_driver` crashes Neutron, nova-compute refuses to see a database.
"""

import shutil
from collections.abc import Mapping

from tests.cloud.layout import KEPT, Layout

PASSWORD = "slipcloud"
"""Of every account of the services; nobody outside this machine can use it."""
REGION = "RegionOne"
HOST = "slipcloud"
"""The one compute host's name."""
FILTERS = "nova.scheduler.filters.all_filters\navailable_filters = slipcloud.filters.NoHostFault"
"""A key that is given once for each value."""
VENV = KEPT / "venv"

Sections = Mapping[str, Mapping[str, object]]

FILES = {
    "keystone": "keystone.conf",
    "glance": "glance-api.conf",
    "placement": "placement.conf",
    "nova": "nova.conf",
    "neutron": "neutron.conf",
}


def write(layout: Layout) -> None:
    """Write every service's folder below the cloud's `etc/`."""
    nova = nova_sections(layout)
    without_databases = {k: v for k, v in nova.items() if k not in ("api_database", "database")}
    everything = {
        "keystone/keystone.conf": keystone(layout),
        "glance/glance-api.conf": glance(layout),
        "placement/placement.conf": placement(layout),
        "nova/nova.conf": nova,
        "nova/nova-compute.conf": without_databases,
        "neutron/neutron.conf": neutron(layout),
    }
    for name, sections in everything.items():
        path = layout.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(sections))
    for paste in ("nova/api-paste.ini", "neutron/api-paste.ini", "glance/glance-api-paste.ini"):
        shutil.copy(VENV / "etc" / paste, layout.configuration / paste)


def text(sections: Sections) -> str:
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for name, keys in sections.items()
    )


def environment(layout: Layout) -> dict[str, str]:
    """What tells the services' WSGI applications where their files are."""
    folder = layout.configuration
    found = {}
    for service, file in FILES.items():
        found[f"OS_{service.upper()}_CONFIG_DIR"] = str(folder / service)
        found[f"OS_{service.upper()}_CONFIG_FILES"] = file
    return found | {"OS_NOVA_CONFIG_FILES": "api-paste.ini;nova.conf"}


def database(layout: Layout, name: str) -> dict[str, object]:
    return {"connection": database_url(layout, name), "max_pool_size": 5}


def database_url(layout: Layout, name: str) -> str:
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={layout.socket}&charset=utf8mb4"


KINDS = {"glance": "image", "neutron": "network", "nova": "compute", "placement": "placement"}
"""What the access rules of an application credential call a service."""


def account(layout: Layout, user: str) -> dict[str, object]:
    """How a service proves who it is, to Keystone itself and never through the proxy."""
    keystone = f"{layout.internal('keystone')}/v3"
    return {
        "www_authenticate_uri": f"{layout.url('keystone')}/v3",
        "auth_url": keystone,
        "auth_type": "password",
        "username": user,
        "password": PASSWORD,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": REGION,
        "service_token_roles": "service",
        "service_token_roles_required": "true",
        "interface": "internal",
        "valid_interfaces": "internal",
        "endpoint_type": "internal",
        "service_type": KINDS[user],
    }


QUIET: Sections = {"oslo_messaging_notifications": {"driver": "noop"}}


def locks(layout: Layout, service: str) -> Sections:
    return {"oslo_concurrency": {"lock_path": layout.state / "locks" / service}}


def keystone(layout: Layout) -> Sections:
    keys = layout.kept_by_services / "keystone"
    return {
        "DEFAULT": {"log_file": layout.logs / "keystone.log"},
        "database": database(layout, "keystone"),
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": keys / "fernet"},
        "credential": {"key_repository": keys / "credential"},
        "identity": {"password_hash_rounds": 4},
        **QUIET,
    }


def glance(layout: Layout) -> Sections:
    store = layout.kept_by_services / "glance"
    return {
        "DEFAULT": {
            "log_file": layout.logs / "glance.log",
            "enabled_backends": "local:file",
            "transport_url": "fake://",
        },
        "database": database(layout, "glance"),
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": layout.configuration / "glance" / "glance-api-paste.ini",
        },
        "glance_store": {"default_backend": "local"},
        "local": {"filesystem_store_datadir": store / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": store / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": store / "tasks"},
        "keystone_authtoken": account(layout, "glance"),
        **locks(layout, "glance"),
    }


def placement(layout: Layout) -> Sections:
    return {
        "DEFAULT": {"log_file": layout.logs / "placement.log"},
        "api": {"auth_strategy": "keystone"},
        "placement_database": database(layout, "placement"),
        "keystone_authtoken": account(layout, "placement"),
    }


def nova_sections(layout: Layout) -> Sections:
    state = layout.kept_by_services / "nova"
    return {
        "DEFAULT": {
            "compute_driver": "slipcloud.MachineDriver",
            "transport_url": f"rabbit://guest:guest@127.0.0.1:{layout.port('rabbit')}/",
            "state_path": state,
            "instances_path": layout.machines,
            "host": HOST,
            "my_ip": "127.0.0.1",
            "vif_plugging_is_fatal": "false",
            "vif_plugging_timeout": 0,
            "report_interval": 2,
            "service_down_time": 60,
            "initial_cpu_allocation_ratio": 32.0,
            "initial_ram_allocation_ratio": 4.0,
        },
        "api": {"auth_strategy": "keystone"},
        "api_database": database(layout, "nova_api"),
        "database": database(layout, "nova_cell1"),
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1},
        "filter_scheduler": {
            "available_filters": FILTERS,
            "enabled_filters": "ComputeFilter,ImagePropertiesFilter,NoHostFault",
        },
        "vnc": {"enabled": "false"},
        "glance": {"endpoint_override": layout.internal("glance")},
        "keystone_authtoken": account(layout, "nova"),
        "service_user": account(layout, "nova") | {"send_service_user_token": "true"},
        "placement": account(layout, "placement"),
        "neutron": account(layout, "neutron"),
        **locks(layout, "nova"),
        **QUIET,
    }


def neutron(layout: Layout) -> Sections:
    return {
        "DEFAULT": {
            "log_file": layout.logs / "neutron.log",
            "core_plugin": "ml2",
            "service_plugins": "router",
            "transport_url": "fake://",  # no agents exist that would listen
            "auth_strategy": "keystone",
            "dhcp_agent_notification": "false",
            "state_path": layout.kept_by_services / "neutron",
            "api_paste_config": layout.configuration / "neutron" / "api-paste.ini",
        },
        "database": database(layout, "neutron"),
        "ml2": {
            "type_drivers": "local,flat,vxlan",
            "tenant_network_types": "vxlan",
            "mechanism_drivers": "slipcloud",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vxlan": {"vni_ranges": "1:1000"},
        "securitygroup": {"enable_security_group": "true"},
        "keystone_authtoken": account(layout, "neutron"),
        "nova": account(layout, "nova"),
        "placement": account(layout, "placement"),
        **locks(layout, "neutron"),
        **QUIET,
    }
