"""Makes a server of a bare Debian machine: the files that are copied to it, and `prepare.sh`.

Each start repeats all of it, and it changes only what differs.
"""

import io
import shlex
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import NamedTemporaryFile

import tomli_w

from agent import php_fpm, services, supervisor, uploads
from agent.server import Server
from cloud.polling import wait_until
from model.component import Component
from model.environment import Environment
from model.installation import ServerAddress
from model.site import Site
from servers import debian_releases, server_accounts
from servers.debian_releases import DebianRelease, UnsupportedRelease
from servers.errors import ServerError
from servers.paths import ServerPaths
from servers.settings import database_script, server_settings

CHECKOUT = Path(__file__).resolve().parent.parent
OPERATOR = "slipway-operator"
CODE = ("agent", "model", "releases")
OPT = Path("/opt/slipway")
ETC = Path("/etc/slipway")
STATE = Path("/var/lib/slipway")
UNITS = Path("/etc/systemd/system")
SSH_SECONDS = 120
PREPARE = Path(__file__).with_name("prepare.sh")
LOCK = CHECKOUT / "agent" / "requirements.lock"


def prepare(
    site: Site, environment: Environment, name: str, address: ServerAddress, paths: ServerPaths
) -> str:
    """Prepare one server; returns the certificate of its edge's authority, or an empty text.

    Raises ServerError with the end of the output that explains the failure.
    """
    with NamedTemporaryFile("w", suffix=".known_hosts") as known_hosts:
        known_hosts.write(f"{address.edge} {address.key}\n")
        known_hosts.flush()
        ssh = ssh_command(paths, Path(known_hosts.name), address.edge)

        # sshd runs before cloud-init has created the operator's account.
        if not wait_until(lambda: not run(ssh, "true").returncode, SSH_SECONDS):
            raise server_error(environment, name, "cannot be reached by SSH", run(ssh, "true"))
        script = f"rm -rf {ETC}/components && tar -x -C / && exec sh {OPT}/prepare.sh"
        os_release = run(ssh, f"cat {debian_releases.OS_RELEASE}").stdout.decode()
        try:
            release = debian_releases.described(os_release)
        except UnsupportedRelease as error:
            raise ServerError(f"{environment.name}.toml: server {name} {error}") from None
        tar = bundle(site, environment, release, paths)
        result = run(ssh, f"sudo sh -c {shlex.quote(script)}", tar)
    if result.returncode:
        raise server_error(environment, name, "cannot be prepared", result)
    return result.stdout.decode()


def run(ssh: tuple[str, ...], command: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
    return subprocess.run((*ssh, command), input=stdin, capture_output=True, check=False)


def server_error(
    environment: Environment, name: str, problem: str, result: CompletedProcess[bytes]
) -> ServerError:
    output = "\n".join(result.stderr.decode(errors="replace").strip().splitlines()[-12:])
    return ServerError(f"{environment.name}.toml: server {name} {problem}:\n{output}")


def ssh_command(paths: ServerPaths, known_hosts: Path, address: str) -> tuple[str, ...]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known_hosts),
        "GlobalKnownHostsFile": "none",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return ("ssh", "-F", "none", "-i", str(paths.operator_key), *words, f"{OPERATOR}@{address}")


def machine_settings(site: Site, environment: Environment, release: DebianRelease) -> Server:
    """The `server.toml` of a server that is a machine of its own."""
    run, state = STATE / "run", STATE / "state"
    accounts = server_accounts.component_accounts(site.components)
    return server_settings(
        site,
        environment,
        release,
        srv=Path("/srv"),
        run=run,
        state=state,
        log=Path("/var/log/slipway"),
        public_key=ETC / "signing-key.pub",
        account=server_accounts.AGENT,
        authority=ETC / "authority.pem",
        accounts=accounts,
        edge=server_accounts.EDGE,
    )


def bundle(
    site: Site, environment: Environment, release: DebianRelease, paths: ServerPaths
) -> bytes:
    """A tar of all files for a server; names start at its root folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files(site, environment, release, paths).items():
            add(archive, path, text.encode())
        for folder in CODE:
            for file in sorted((CHECKOUT / folder).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    add(archive, OPT / "code.new" / file.relative_to(CHECKOUT), file.read_bytes())
    return stream.getvalue()


def add(archive: tarfile.TarFile, path: Path, content: bytes) -> None:
    entry = tarfile.TarInfo(str(path).lstrip("/"))
    entry.size, entry.mode = len(content), 0o755 if path.parent.name == "bin" else 0o644
    archive.addfile(entry, io.BytesIO(content))


def files(
    site: Site, environment: Environment, release: DebianRelease, paths: ServerPaths
) -> Mapping[Path, str]:
    """Path and text of each file except for our code; none of them holds a secret."""
    server = machine_settings(site, environment, release)
    python = f"PYTHONPATH={OPT}/code exec {OPT}/venv/bin/python"
    option = f"--server {ETC}/server.toml"
    # https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
    options = 'restrict,command="/usr/local/bin/slipway-remote"'
    texts = {
        OPT / "prepare.sh": PREPARE.read_text("utf-8"),
        OPT / "packages": "\n".join(release.server_packages) + "\n",
        OPT / "groups": "".join(
            f"{name}\n" for name in server_accounts.group_names(site.components)
        ),
        OPT / "accounts": "".join(
            f"{name} {','.join(groups)}\n"
            for name, groups in server_accounts.memberships(site.components).items()
        ),
        OPT / "ready-files": "".join(
            f"{name} {file}\n" for name, file in ready_files(site, server)
        ),
        OPT / "requirements.lock": LOCK.read_text("utf-8"),
        ETC / "server.toml": tomli_w.dumps(server.model_dump(mode="json", exclude_none=True)),
        ETC / "signing-key.pub": paths.signing_key.read_text(),
        ETC / "authorized_keys": f"{options} {paths.deploy_key(environment.name).read_text()}",
        Path("/etc/ssh/sshd_config.d/slipway.conf"): (
            f"Match User {server_accounts.AGENT}\n  AuthorizedKeysFile {ETC}/authorized_keys\n"
        ),
        Path("/usr/local/bin/slipway-agent"): f'#!/bin/sh\n{python} -m agent {option} "$@"\n',
        Path("/usr/local/bin/slipway-remote"): f"#!/bin/sh\n{python} -m agent.remote {option}\n",
        **{UNITS / f"slipway-{name}.service": text for name, text in units(site, server).items()},
        **services.files(server, environment, site.components),
    }
    for component in site.components:
        if component.has_processes:
            texts[supervisord_file(component)] = supervisord(server, component)
    if server.database:
        texts[OPT / "initialise.sh"] = database_script(server, server.database)
    if server.authority:
        # Where Caddy keeps it, beside its private key.
        path = server.certificates / "pki" / "authorities" / "local" / "root.crt"
        texts[OPT / "authority"] = f"{path}\n"
    return texts


def ready_files(site: Site, server: Server) -> list[tuple[str, Path]]:
    """Units, each with a file that exists as soon as its service is ready."""
    files = [(services.EDGE, server.admin_socket)]
    if server.database:
        files.append((services.DATABASE, server.database.socket))
    for component in site.components:
        if component.has_processes:
            unit = server_accounts.unit(component.name)
            files.append((unit, server_accounts.supervisor_socket(component.name)))
            if component.runtime == "php":
                files.append((unit, server.php_pid(component.name)))
    return files


def units(site: Site, server: Server) -> Mapping[str, str]:
    """Systemd's units of the services: https://www.freedesktop.org/software/systemd/man/255/."""
    caddyfile, socket = server.state / "Caddyfile", server.admin_socket
    reload = f"caddy reload --address unix/{socket} --config {caddyfile} --adapter caddyfile"
    commands = services.commands(server, site.components)
    found = {
        services.EDGE: unit(
            services.EDGE,
            server_accounts.EDGE,
            shlex.join(map(str, commands[services.EDGE])),
            f"ExecReload=/usr/bin/{reload}\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
            "UMask=0007\n",  # the agent uses its sockets
        )
    }
    if server.database:
        command = shlex.join(map(str, commands[services.DATABASE]))
        found[services.DATABASE] = unit(services.DATABASE, server_accounts.AGENT, command, "")
    for component in site.components:
        if component.has_processes:
            found[server_accounts.unit(component.name)] = component_unit(server, component)
    return found


def unit(name: str, account: str, command: str, directives: str) -> str:
    return (
        f"[Unit]\nDescription=Slipway: {name}\nAfter=network.target\n\n[Service]\n"
        f"User={account}\nExecStart={command}\n{directives}NoNewPrivileges=true\n"
        "Restart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=60\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def component_unit(server: Server, component: Component) -> str:
    """The unit of a component: a supervisord with its account, and what that runs."""
    folder = server_accounts.runtime_folder(component.name).name
    socket = server_accounts.supervisor_socket(component.name)
    control = f"{OPT}/venv/bin/supervisorctl -s unix://{socket}"
    programs = services_of(server, component)
    reload = [f"{control} update"]
    if php_fpm.program(component.name) in programs:
        reload.append(f"{control} signal USR2 {php_fpm.program(component.name)}")
    if uploads.program(component.name) in programs:
        reload.append(f"{control} restart {uploads.program(component.name)}")
    return unit(
        component.title,
        server_accounts.of_component(component.name),
        f"{OPT}/venv/bin/supervisord -n -c {supervisord_file(component)}",
        "".join(f"ExecReload={command}\n" for command in reload)
        + f"RuntimeDirectory={folder}\nRuntimeDirectoryMode=0710\nPrivateTmp=true\n",
    )


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
