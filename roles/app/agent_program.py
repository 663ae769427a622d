"""The agent on a server: accounts, its code and settings, and the deploy key that may run it."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import tomli_w

from roles.managed_server import ETC, OPT, STATE, ManagedServer
from roles.operations import (
    Managed,
    command_for,
    file,
    packages,
    python_environment,
    service,
    switched_off,
    unpacked,
)
from servers import server_accounts
from servers.server_accounts import AGENT

CHECKOUT = Path(__file__).resolve().parents[2]
CODE = ("agent", "model", "releases")
LOCK = CHECKOUT / "agent" / "requirements.lock"
DEBIANS_OWN = ("caddy.service", "mariadb.service", "php*-fpm.service")
"""Ours have other names and accounts."""
PYTHON = f"PYTHONPATH={OPT}/code exec {OPT}/venv/bin/python"
SETTINGS = ETC / "server.toml"


def install(target: ManagedServer) -> None:
    packages(name="Debian packages", names=target.release.server_packages)
    switched_off(name="Debian's own services are off", units=DEBIANS_OWN)
    declared = accounts(target)
    code = archive()
    python_environment(name="Python packages", lock=LOCK.read_text("utf-8"), folder=OPT / "venv")
    program = unpacked(
        name="The agent",
        archive=code,
        folder=OPT / "code",
        then=f"{OPT}/venv/bin/python -m compileall -q .",
    )
    settings = target.settings.model_dump(mode="json", exclude_none=True)
    written = file(SETTINGS, tomli_w.dumps(settings))
    file(ETC / "signing-key.pub", target.signing_key)
    options = f'--server {SETTINGS} "$@"'
    agent = Path("/usr/local/bin/slipway-agent")
    file(agent, f"#!/bin/sh\n{PYTHON} -m agent {options}\n", mode="755")
    login(target)
    command_for(
        name="Folders",
        record="folders",
        inputs=[*declared, written, Managed(code, program)],
        command=setup("folders"),
    )


def accounts(target: ManagedServer) -> list[Managed]:
    """The accounts and the top folders, as systemd makes them at each start of the machine too.

    Each component has an account; no two of them share a group. The agent's has all groups.
    https://www.freedesktop.org/software/systemd/man/252/sysusers.d.html, and `tmpfiles.d.html`.
    """
    memberships = server_accounts.memberships(target.components)
    groups = [f"g {group}" for group in server_accounts.group_names(target.components)]
    users = [
        f"u {account} - - {STATE} /bin/sh" if account == AGENT else f"u {account} - - /nonexistent"
        for account in memberships
    ]
    members = [f"m {account} {group}" for account, own in memberships.items() for group in own]
    users_file = file(Path("/etc/sysusers.d/slipway.conf"), joined([*groups, *users, *members]))
    tops = (Path("/srv"), STATE, STATE / "run", STATE / "state", Path("/var/log/slipway"))
    folders = [f"d {top} 0710 {AGENT} {AGENT}" for top in tops]
    folders_file = file(Path("/etc/tmpfiles.d/slipway.conf"), joined(folders))
    command_for(
        name="Accounts",
        record="accounts",
        command="systemd-sysusers && systemd-tmpfiles --create slipway.conf",
        inputs=[users_file, folders_file],
    )
    return [users_file, folders_file]


def joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def login(target: ManagedServer) -> None:
    """The deploy key may run the verbs of the agent, and nothing else."""
    remote = Path("/usr/local/bin/slipway-remote")
    file(remote, f"#!/bin/sh\n{PYTHON} -m agent.remote --server {SETTINGS}\n", mode="755")
    # https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
    options = f'restrict,command="{remote}"'
    file(ETC / "authorized_keys", f"{options} {target.deploy_key}")
    settings = f"Match User {AGENT}\n  AuthorizedKeysFile {ETC}/authorized_keys\n"
    ssh = file(Path("/etc/ssh/sshd_config.d/slipway.conf"), settings)
    service(name="Service ssh", unit="ssh", reload=[ssh])


def setup(what: str) -> str:
    """Shell that runs `agent.setup` as the agent's account."""
    python = f"env PYTHONPATH={OPT}/code {OPT}/venv/bin/python"
    return f"cd / && runuser --user {AGENT} -- {python} -m agent.setup --server {SETTINGS} {what}"


def archive() -> bytes:
    """A tar of our code, the same bytes for the same files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for folder in CODE:
            for path in sorted((CHECKOUT / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    entry = tarfile.TarInfo(str(path.relative_to(CHECKOUT)))
                    entry.size, entry.mode = path.stat().st_size, 0o644
                    tar.addfile(entry, io.BytesIO(path.read_bytes()))
    return stream.getvalue()
