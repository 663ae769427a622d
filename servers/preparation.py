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

from agent import accounts, php_fpm, services, supervisor
from agent.server import Server
from cloud.polling import wait_until
from model.environment import Environment
from model.installation import ServerAddress
from model.site import Site
from servers.debian_packages import SERVER_PACKAGES
from servers.errors import ServerError
from servers.paths import ServerPaths
from servers.settings import database_script, server_settings

CHECKOUT = Path(__file__).resolve().parent.parent
OPERATOR = "slipway-operator"
ACCOUNT = "slipway"
"""The account that runs the services of a server, to which the deploy worker logs in."""
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
        script = f"tar -x -C / && exec sh {OPT}/prepare.sh"
        tar = bundle(site, environment, paths)
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


def machine_settings(site: Site, environment: Environment) -> Server:
    """The `server.toml` of a server that is a machine of its own."""
    run, state = STATE / "run", STATE / "state"
    return server_settings(
        site,
        environment,
        srv=Path("/srv"),
        run=run,
        state=state,
        log=Path("/var/log/slipway"),
        public_key=ETC / "signing-key.pub",
        supervisor=run / "supervisord.sock",
        account=ACCOUNT,
        # Where Caddy keeps it, below `Server.certificates`.
        authority=state / "edge" / "pki" / "authorities" / "local" / "root.crt",
    )


def bundle(site: Site, environment: Environment, paths: ServerPaths) -> bytes:
    """A tar of all files for a server; names start at its root folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files(site, environment, paths).items():
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


def files(site: Site, environment: Environment, paths: ServerPaths) -> Mapping[Path, str]:
    """Path and text of each file except for our code; none of them holds a secret."""
    server = machine_settings(site, environment)
    python = f"PYTHONPATH={OPT}/code exec {OPT}/venv/bin/python"
    option = f"--server {ETC}/server.toml"
    # https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
    options = 'restrict,command="/usr/local/bin/slipway-remote"'
    texts = {
        OPT / "prepare.sh": PREPARE.read_text("utf-8"),
        OPT / "packages": "\n".join(SERVER_PACKAGES) + "\n",
        OPT / "folders": "".join(
            f"{folder.path}\n" for folder in accounts.folders(server, site.components)
        ),
        OPT / "ready-files": "".join(
            f"{name} {file}\n" for name, file in ready_files(site, server)
        ),
        OPT / "requirements.lock": LOCK.read_text("utf-8"),
        ETC / "server.toml": tomli_w.dumps(server.model_dump(mode="json", exclude_none=True)),
        ETC / "signing-key.pub": paths.signing_key.read_text(),
        ETC / "authorized_keys": f"{options} {paths.deploy_key(environment.name).read_text()}",
        Path("/etc/ssh/sshd_config.d/slipway.conf"): (
            f"Match User {ACCOUNT}\n  AuthorizedKeysFile {ETC}/authorized_keys\n"
        ),
        Path("/usr/local/bin/slipway-agent"): f'#!/bin/sh\n{python} -m agent {option} "$@"\n',
        Path("/usr/local/bin/slipway-remote"): f"#!/bin/sh\n{python} -m agent.remote {option}\n",
        **{UNITS / f"slipway-{name}.service": text for name, text in units(site, server).items()},
        **services.files(server, environment, site.components),
    }
    if server.supervisor:
        texts[ETC / "supervisord.conf"] = supervisord(site, server, server.supervisor)
    if server.database:
        texts[OPT / "initialise.sh"] = database_script(server, server.database)
    if server.authority:
        texts[OPT / "authority"] = f"{server.authority}\n"
    return texts


def ready_files(site: Site, server: Server) -> list[tuple[str, Path]]:
    """Each service, and a file that exists as soon as it is ready."""
    files = {services.EDGE: server.authority or server.admin_socket}
    for component in php_fpm.php_components(site.components):
        files[php_fpm.program(component)] = server.php_pid(component)
    if server.database:
        files[services.DATABASE] = server.database.socket
    if server.supervisor:
        files["releases"] = server.supervisor
    return [(name, files[name]) for name in units(site, server)]


def units(site: Site, server: Server) -> Mapping[str, str]:
    """Systemd's units of the services: https://www.freedesktop.org/software/systemd/man/255/."""
    caddyfile, socket = server.state / "Caddyfile", server.admin_socket
    reload = f"caddy reload --address unix/{socket} --config {caddyfile} --adapter caddyfile"
    directives = {
        services.EDGE: (
            f"ExecReload=/usr/bin/{reload}\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
        ),
        **{
            php_fpm.program(component): "ExecReload=/bin/kill -USR2 $MAINPID\n"
            for component in php_fpm.php_components(site.components)
        },
    }
    commands = {
        name: shlex.join(map(str, command))
        for name, command in services.commands(server, site.components).items()
    }
    commands["releases"] = f"{OPT}/venv/bin/supervisord -n -c {ETC}/supervisord.conf"
    return {
        name: (
            f"[Unit]\nDescription=Slipway: {name}\nAfter=network.target\n\n[Service]\n"
            f"User={ACCOUNT}\nExecStart={command}\n{directives.get(name, '')}"
            "Restart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=60\n\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )
        for name, command in commands.items()
    }


def supervisord(site: Site, server: Server, socket: Path) -> str:
    """The supervisord that keeps the processes of `node` and `python` releases."""
    folders = [server.services(component.name) for component in site.components]
    sections: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "pidfile": server.run / "supervisord.pid",
            "logfile": server.log / "supervisord.log",
            "childlogdir": server.log,
        },
        "include": {"files": " ".join(f"{folder}/*.conf" for folder in folders)},
    }
    return supervisor.configuration(socket, sections)
