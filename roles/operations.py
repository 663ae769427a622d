"""Operations that pyinfra lacks. Each changes nothing when the server is as it shall be."""

import io
import shlex
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyinfra.api.command import FileUploadCommand
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.server import Command
from pyinfra.operations import files

from roles.managed_server import ETC, digest

Commands = Generator[Any, None, None]
"""What an operation yields: shell, and files to upload."""
RECORDS = ETC / "applied"
"""For each service and command, a digest of what it was last started with."""
NO_QUESTIONS = "env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300"


class Managed(NamedTuple):
    """Something on the server that others depend on, such as a file."""

    content: str | bytes
    written: OperationMeta


def file(path: Path, text: str, mode: str = "644") -> Managed:
    """Have a file of root's."""
    written = files.put(
        name=f"File {path}", src=io.StringIO(text), dest=str(path), user="root", mode=mode
    )
    return Managed(text, written)


def account_file(path: Path, text: str, account: str) -> Managed:
    """Have a file in a folder of an account, written by this account.

    Root writes nothing into such a folder: it might find a link to elsewhere. pyinfra's own way to
    write as another account needs the package acl on the server.
    """
    written = written_as(name=f"File {path}", path=path, text=text, account=account)
    return Managed(text, written)


@operation()
def written_as(path: Path, text: str, account: str) -> Commands:
    run_as = f"runuser --user {account} --"
    if output(f"{run_as} cat {path}").strip() != text.strip():
        upload = ETC / "incoming"
        yield FileUploadCommand(io.StringIO(text), str(upload), host.get_temp_filename(str(upload)))
        yield f"{run_as} sh -c 'cat >{path}.new && mv {path}.new {path}' <{upload}"


def output(command: str) -> str:
    """What a shell command prints on the server, with which one looks and changes nothing."""
    return host.get_fact(Command, f"{{ {command}; }} 2>/dev/null || true") or ""


@operation()
def packages(names: Sequence[str]) -> Commands:
    """Have Debian packages."""
    missing = sorted(set(names) - set(host.get_fact(DebPackages)))
    if missing:
        # A machine that has just booted may still be about its own packages.
        yield "cloud-init status --wait >/dev/null || true"
        yield f"{NO_QUESTIONS} update"
        yield f"{NO_QUESTIONS} install --yes --no-install-recommends {shlex.join(missing)}"


@operation()
def switched_off(units: Sequence[str]) -> Commands:
    """Have units neither run nor start at boot; a pattern may name several, or none."""
    listing = "systemctl list-unit-files --no-legend --state=enabled"
    if enabled := output(f"{listing} {shlex.join(units)}"):
        yield f"systemctl disable --now {shlex.join(line.split()[0] for line in lines(enabled))}"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@operation()
def unpacked(archive: bytes, folder: Path, then: str) -> Commands:
    """Have a link to a folder with what a tar holds, after the shell `then` has run there.

    The new folder stands beside the old one, which is in use until the new one is whole.
    """
    version = f"{folder.name}-{digest([archive])}"
    if output(f"readlink {folder}").strip() == version:
        return
    new = folder.with_name(version)
    yield f"rm -rf {new} && mkdir --parents {new}"
    tar = f"{new}.tar"
    yield FileUploadCommand(io.BytesIO(archive), tar, host.get_temp_filename(tar))
    yield f"tar -x -C {new} -f {tar} && rm {tar} && cd {new} && {then}"
    yield switch_link(folder, version)


@operation()
def python_environment(lock: str, folder: Path) -> Commands:
    """Have a virtual environment with exactly the packages of a lock file."""
    if output(f"cat {folder}/installed.lock").strip() == lock.strip():
        return
    new = folder.with_name(f"{folder.name}-{digest([lock])}")
    file = f"{new}/installed.lock"
    yield f"rm -rf {new} && python3 -m venv {new}"
    yield FileUploadCommand(io.StringIO(lock), f"{new}/wanted.lock", host.get_temp_filename(file))
    yield f"{new}/bin/pip install --quiet --require-hashes --requirement {new}/wanted.lock"
    yield f"mv {new}/wanted.lock {file}"
    yield switch_link(folder, new.name)


def switch_link(link: Path, version: str) -> str:
    """Shell that points a link at another folder and removes all versions but that and the last."""
    return (
        f"cd {link.parent}; last=$(readlink {link.name} || echo {link.name}-first); "
        f"test -L {link.name} || test ! -e {link.name} || mv {link.name} {link.name}-first; "
        f"ln --symbolic --force --no-dereference {version} {link.name}; "
        f'for each in {link.name}-*; do case $each in {version} | "$last") ;; '
        '*) rm -rf "$each" ;; esac; done'
    )


@operation()
def service(unit: str, restart: Sequence[Managed] = (), reload: Sequence[Managed] = ()) -> Commands:
    """Have a unit enabled and running as its files say: it is restarted, or reloaded, for each."""
    record = RECORDS / unit
    properties = "ActiveState,UnitFileState,NeedDaemonReload"
    state = dict(
        line.split("=", 1) for line in lines(output(f"systemctl show -p {properties} {unit}"))
    )
    applied = [*lines(output(f"cat {record}")), "", ""]
    if state.get("NeedDaemonReload") == "yes" or not state.get("UnitFileState"):
        yield "systemctl daemon-reload"
    if state.get("UnitFileState") != "enabled":
        yield f"systemctl --quiet enable {unit}"
    wanted = [digest(managed.content for managed in each) for each in (restart, reload)]
    if state.get("ActiveState") != "active":
        yield f"systemctl start {unit}"
    elif applied[0] != wanted[0] or is_written(restart):
        yield f"systemctl restart {unit}"
    elif applied[1] != wanted[1] or is_written(reload):
        yield f"systemctl reload {unit}"
    if applied[:2] != wanted:
        yield remember(record, wanted)


def is_written(managed: Sequence[Managed]) -> bool:
    """Whether one of the files is different now, or would be."""
    done = [each.written for each in managed]
    return any(each.did_change() if each.is_complete() else each.will_change for each in done)


@operation()
def command_for(record: str, inputs: Sequence[Managed], command: str) -> Commands:
    """Have a command run for the inputs as they are now."""
    file = RECORDS / record
    wanted = [digest(managed.content for managed in inputs)]
    if lines(output(f"cat {file}")) != wanted or is_written(inputs):
        yield command
        yield remember(file, wanted)


def remember(record: Path, values: Sequence[str]) -> str:
    """Shell that writes a record, whole or not at all."""
    text = shlex.join(values)
    return (
        f"mkdir --parents {record.parent} && printf '%s\\n' {text} >{record}.new "
        f"&& mv {record}.new {record}"
    )


@operation()
def firewall_table(table: str, path: Path, inputs: Sequence[Managed]) -> Commands:
    """Have a table of nftables be as its file says, also when somebody has changed it."""
    record = RECORDS / f"firewall-{table}"
    checksum = f"nft --stateless list table inet {table} | sha256sum"
    wanted = digest(managed.content for managed in inputs)
    loaded = output(checksum).split()[:1]
    if lines(output(f"cat {record}")) != [wanted, *loaded] or is_written(inputs):
        yield f"nft --file {path}"
        yield (
            f"mkdir --parents {record.parent} && {{ echo {wanted}; {checksum} | cut -d' ' -f1; }} "
            f">{record}.new && mv {record}.new {record}"
        )


@operation()
def present(path: Path, script: str, account: str) -> Commands:
    """Have what a shell script makes, as an account, unless it is there."""
    if not output(f"test -e {path} && echo yes"):
        yield f"runuser --user {account} -- sh -c {shlex.quote(script)} >/dev/null"


@operation()
def only_units(prefix: str, wanted: Sequence[str]) -> Commands:
    """Have no other units of ours whose names begin so, such as those of a removed component."""
    found = lines(output(f"cd /etc/systemd/system && ls -d {prefix}*.service"))
    for unit in sorted(set(found) - {f"{name}.service" for name in wanted}):
        yield f"systemctl --quiet disable --now {unit}"
        yield f"rm /etc/systemd/system/{unit} && systemctl daemon-reload"
