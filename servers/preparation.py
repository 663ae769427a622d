"""How a bare Debian machine becomes a server: what is laid onto it, and `prepare.sh`, which acts.

Everything is done again at each start, and changes nothing that is as it should be.
"""

import io
import shlex
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import NamedTemporaryFile

from agent import mariadb, services
from agent.server import DatabaseServer, Server
from agent.supervisor import section
from local.bootstrap import packages
from local.layout import CHECKOUT, Layout
from local.progress import waited
from local.refusal import Refused
from local.toml import table
from model.environment import Environment
from model.site import Site
from servers import provision

OPERATOR = "slipway-operator"
ACCOUNT = "slipway"
"""Runs the services of a server, and is whom the deploy worker logs in as."""
CODE = ("agent", "model", "releases")
OPT = Path("/opt/slipway")
ETC = Path("/etc/slipway")
STATE = Path("/var/lib/slipway")
UNITS = Path("/etc/systemd/system")
SSH_SECONDS = 120
PREPARE = Path(__file__).with_name("prepare.sh")
LOCK = CHECKOUT / "agent" / "requirements.lock"


def prepare(site: Site, environment: Environment, name: str, layout: Layout) -> str:
    """Prepare one server; the certificate of its edge, empty where everybody knows it.

    Raises Refused with the end of what went wrong.
    """
    host = provision.hosts(layout, environment)[name]
    with NamedTemporaryFile("w", suffix=".known") as known:
        known.write(f"{host.edge} {host.key}\n")
        known.flush()
        reach = ssh(layout, Path(known.name), host.edge)

        # sshd answers before cloud-init has let us in.
        if not waited(lambda: not over(reach, "true").returncode, SSH_SECONDS):
            raise refused(environment, name, "cannot be entered", over(reach, "true"))
        script = f"tar -x -C / && exec sh {OPT}/prepare.sh"
        sent = bundle(site, environment, layout)
        done = over(reach, f"sudo sh -c {shlex.quote(script)}", sent)
    if done.returncode:
        raise refused(environment, name, "cannot be prepared", done)
    return done.stdout.decode()


def over(reach: tuple[str, ...], command: str, given: bytes = b"") -> CompletedProcess[bytes]:
    return subprocess.run((*reach, command), input=given, capture_output=True, check=False)


def refused(
    environment: Environment, name: str, what: str, done: CompletedProcess[bytes]
) -> Refused:
    said = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-12:])
    return Refused(f"{environment.name}.toml: server {name} {what}:\n{said}")


def ssh(layout: Layout, known: Path, address: str) -> tuple[str, ...]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": "none",
    }
    given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return ("ssh", "-F", "none", "-i", str(layout.operator_key), *given, f"{OPERATOR}@{address}")


def described(site: Site, environment: Environment) -> Server:
    """What such a server knows about itself."""
    state, run = STATE / "state", STATE / "run"
    account = DatabaseServer(socket=run / "mariadb.sock", user=ACCOUNT)
    internal = state / "edge" / "pki" / "authorities" / "local" / "root.crt"
    return Server(
        srv=Path("/srv"),
        run=run,
        state=state,
        log=Path("/var/log/slipway"),
        public_key=ETC / "signing-key.pub",
        http_port=environment.http_port,
        https_port=environment.https_port,
        authority=internal if environment.tls == "internal" else None,
        database=account if any(component.database for component in site.components) else None,
        supervisor=run / "supervisord.sock",
    )


def bundle(site: Site, environment: Environment, layout: Layout) -> bytes:
    """A tar of everything that is laid onto a server, from its root folder on."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files(site, environment, layout).items():
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


def files(site: Site, environment: Environment, layout: Layout) -> Mapping[Path, str]:
    """Path and text of each file but for our code; none of them holds a secret."""
    server = described(site, environment)
    python = f"PYTHONPATH={OPT}/code exec {OPT}/venv/bin/python"
    words = f"--server {ETC}/server.toml"
    # https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
    allowed = 'restrict,command="/usr/local/bin/slipway-remote"'
    laid = {
        OPT / "prepare.sh": PREPARE.read_text("utf-8"),
        OPT / "packages": "\n".join(packages.SERVE) + "\n",
        OPT / "folders": "".join(f"{path}\n" for path in services.folders(server, site.components)),
        OPT / "answers": "".join(f"{name} {file}\n" for name, file in answers(site, server)),
        OPT / "requirements.lock": LOCK.read_text("utf-8"),
        ETC / "server.toml": table(server.model_dump(mode="json", exclude_none=True)),
        ETC / "signing-key.pub": layout.signing_key.read_text(),
        ETC / "authorized_keys": f"{allowed} {layout.deploy_key(environment.name).read_text()}",
        ETC / "supervisord.conf": supervisord(server),
        Path("/etc/ssh/sshd_config.d/slipway.conf"): (
            f"Match User {ACCOUNT}\n  AuthorizedKeysFile {ETC}/authorized_keys\n"
        ),
        Path("/usr/local/bin/slipway-agent"): f'#!/bin/sh\n{python} -m agent {words} "$@"\n',
        Path("/usr/local/bin/slipway-remote"): f"#!/bin/sh\n{python} -m agent.remote {words}\n",
        **{UNITS / f"slipway-{name}.service": text for name, text in units(site, server).items()},
        **services.files(server, environment, site.components),
    }
    if server.database:
        laid[OPT / "initialise.sh"] = initialise(server)
    if server.authority:
        laid[OPT / "authority"] = f"{server.authority}\n"
    return laid


def initialise(server: Server) -> str:
    """Shell that makes the database's folder, whole or not at all."""
    folder = mariadb.folder(server)
    command = shlex.join(map(str, mariadb.initialise(server, ACCOUNT)))
    making = command.replace(f"--datadir={folder}", f"--datadir={folder}.new")
    lines = (
        "set -e",
        f"test ! -d {folder} || exit 0",
        f"rm -rf {folder}.new",
        making,
        f"mv {folder}.new {folder}",
    )
    return "\n".join(lines) + "\n"


def answers(site: Site, server: Server) -> list[tuple[str, Path]]:
    """Each service, and a file that is there as soon as it works."""
    signs = {"edge": server.authority or server.admin_socket, "php": server.php_pid}
    if server.database:
        signs["database"] = server.database.socket
    if server.supervisor:
        signs["releases"] = server.supervisor
    return [(name, signs[name]) for name in units(site, server)]


def units(site: Site, server: Server) -> Mapping[str, str]:
    """Systemd's units of the services: https://www.freedesktop.org/software/systemd/man/255/."""
    caddyfile, socket = server.state / "Caddyfile", server.admin_socket
    reload = f"caddy reload --address unix/{socket} --config {caddyfile} --adapter caddyfile"
    more = {
        "edge": f"ExecReload=/usr/bin/{reload}\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n",
        "php": "ExecReload=/bin/kill -USR2 $MAINPID\n",
    }
    commands = {
        name: shlex.join(map(str, command))
        for name, command in services.commands(server, site.components).items()
    }
    commands["releases"] = f"{OPT}/venv/bin/supervisord -n -c {ETC}/supervisord.conf"
    return {
        name: (
            f"[Unit]\nDescription=Slipway: {name}\nAfter=network.target\n\n[Service]\n"
            f"User={ACCOUNT}\nExecStart={command}\n{more.get(name, '')}"
            "Restart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=60\n\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )
        for name, command in commands.items()
    }


def supervisord(server: Server) -> str:
    """The supervisord that keeps the processes of `node` and `python` releases."""
    rpc = "supervisor.rpcinterface:make_main_rpcinterface"
    return "\n".join(
        (
            section("unix_http_server", {"file": server.supervisor, "chmod": "0600"}),
            section("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": rpc}),
            section(
                "supervisord",
                {
                    "pidfile": server.run / "supervisord.pid",
                    "logfile": server.log / "supervisord.log",
                    "childlogdir": server.log,
                },
            ),
            section("include", {"files": server.services / "*.conf"}),
        )
    )
