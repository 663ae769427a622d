"""The components: each has a unit, a supervisord with its account that keeps its processes."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent import php_fpm, services, supervisor, uploads
from agent.server import Server
from model.component import Component
from roles import firewall
from roles.app import agent_program
from roles.managed_server import ETC, OPT, ManagedServer, ServiceCheck
from roles.operations import (
    Managed,
    account_file,
    file,
    firewall_table,
    only_units,
    service,
)
from roles.units import unit
from servers import server_accounts
from servers.server_accounts import AGENT

FIREWALL_TABLE = "slipway_app"


def deploy(target: ManagedServer) -> None:
    agent_program.install(target)
    close_metadata(target)
    server = target.settings
    names = [unit_name(component) for component in target.running_components]
    only_units(name="No units of removed components", prefix="slipway-app-", wanted=names)
    for component in target.running_components:
        keeper = file(supervisord_file(component), supervisord(server, component))
        service(
            name=f"Service {component.name}",
            unit=unit_name(component),
            restart=[component_unit(server, component), keeper],
            reload=configuration(server, component),
        )


def close_metadata(target: ManagedServer) -> None:
    """Keep the accounts of components and of the edge from the server's user data."""
    others = server_accounts.memberships(target.components).keys() - {AGENT}
    path = firewall.FOLDER / "app.nft"
    firewall_table(
        name="The firewall of components",
        table=FIREWALL_TABLE,
        path=path,
        inputs=[file(path, firewall.output_table(FIREWALL_TABLE, others))],
    )


def unit_name(component: Component) -> str:
    return f"slipway-{server_accounts.unit(component.name)}"


def configuration(server: Server, component: Component) -> list[Managed]:
    """The files of the component's php-fpm, and of the Caddy that serves its uploads."""
    texts: dict[Path, str] = {}
    if component.runtime == "php":
        texts[server.state / "php.ini"] = php_fpm.php_ini()
        texts[php_fpm.configuration_file(server, component.name)] = php_fpm.configuration(
            server, component.name
        )
    if uploads.serving_components(server, [component]):
        path = uploads.configuration_file(server, component.name)
        texts[path] = uploads.configuration(server, component)
    return [account_file(path, text, AGENT) for path, text in texts.items()]


def component_unit(server: Server, component: Component) -> Managed:
    folder = server_accounts.runtime_folder(component.name).name
    socket = server_accounts.supervisor_socket(component.name)
    control = f"{OPT}/venv/bin/supervisorctl -s unix://{socket}"
    programs = services_of(server, component)
    reload = []
    if php_fpm.program(component.name) in programs:
        reload.append(f"{control} signal USR2 {php_fpm.program(component.name)}")
    if uploads.program(component.name) in programs:
        reload.append(f"{control} restart {uploads.program(component.name)}")
    return unit(
        unit_name(component),
        component.title,
        server_accounts.of_component(component.name),
        f"{OPT}/venv/bin/supervisord -n -c {supervisord_file(component)}",
        writes=writable_folders(server, component.name),
        directives="".join(f"ExecReload={command}\n" for command in reload)
        + f"RuntimeDirectory={folder}\nRuntimeDirectoryMode=0710\n",
    )


def writable_folders(server: Server, component: str) -> list[Path]:
    return [
        server.srv / component,
        server.php_socket(component).parent,
        server.sockets / component,
        server.state / "php" / component,
        server.component_log(component),
    ]


def services_of(server: Server, component: Component) -> Mapping[str, list[str | Path]]:
    """The commands of a component among the services of a server."""
    shared = (services.EDGE, services.DATABASE)
    commands = services.commands(server, [component])
    return {name: command for name, command in commands.items() if name not in shared}


def supervisord_file(component: Component) -> Path:
    return ETC / "components" / f"{component.name}.conf"


def supervisord(server: Server, component: Component) -> str:
    """The supervisord that keeps the processes of one component."""
    log = server.component_log(component.name)
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "pidfile": server_accounts.runtime_folder(component.name) / "supervisord.pid",
            "logfile": log / "supervisord.log",
            "childlogdir": log,
        },
        "include": {"files": server.services(component.name) / "*.conf"},
    }
    for name, command in services_of(server, component).items():
        sections[f"program:{name}"] = {
            "command": shlex.join(map(str, command)),
            "umask": "007",  # the edge uses its socket
            "stopsignal": "TERM",
            "redirect_stderr": "true",
            "stdout_logfile": log / f"{name}.out.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
        }
    socket = server_accounts.supervisor_socket(component.name)
    return supervisor.configuration(socket, sections, "0770")


def checks(target: ManagedServer) -> Iterator[ServiceCheck]:
    server = target.settings
    for component in target.running_components:
        name = unit_name(component)
        yield ServiceCheck(name, f"test -e {server_accounts.supervisor_socket(component.name)}")
        if component.runtime == "php":
            yield ServiceCheck(name, f"test -e {server.php_pid(component.name)}")
    yield ServiceCheck("nftables", f"nft list table inet {FIREWALL_TABLE} >/dev/null")
    yield ServiceCheck("the releases' processes", agent_program.setup("processes"))
