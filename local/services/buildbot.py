"""The folders of the Buildbot master and its workers, and what is asked of a running master."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import tomli_w

from agent.server import Server
from local.errors import CommandError
from local.layout import CHECKOUT, Layout
from local.secrets import local_workers
from local.services import certificate
from local.services.probes import LOOPBACK
from local.services.programs import BIN
from local.services.supervisord import environment
from model.installation import Installation, Reach
from model.reading import read
from model.site import Site
from servers import inventory

MASTER = '''\
"""The master of this installation; written by `make run`."""

from buildbot.master import BuildMaster
from twisted.application import service

basedir = {folder!r}
configfile = {configuration!r}

# Buildbot's own commands know a master's folder by this line.
application = service.Application('buildmaster')
BuildMaster(basedir, configfile, None).setServiceParent(application)
'''

WORKER = '''\
"""A worker of this installation; written by `make run`."""

from collections.abc import Mapping
from pathlib import Path

import tomli_w

from buildbot_worker.bot import Worker
from twisted.application import service

application = service.Application("buildbot-worker")
Worker(
    None,
    None,
    {name!r},
    Path({password!r}).read_text(),
    {folder!r},
    connection_string="tls:{host}:{port}:trustRoots={roots}",
    keepalive=60,
    maxdelay=2,
    delete_leftover_dirs=True,
).setServiceParent(application)
'''


def write(site: Site, layout: Layout, running: Mapping[str, Server]) -> None:
    """Write what the master and the workers start from."""
    for folder in (layout.master, layout.store):
        folder.mkdir(parents=True, exist_ok=True)
    configuration = str(CHECKOUT / "master.cfg")
    tac = MASTER.format(folder=str(layout.master), configuration=configuration)
    (layout.master / "buildbot.tac").write_text(tac)
    (layout.master / "installation.toml").write_text(installation(site, layout, running))
    asked_at = {e.openstack.master.rpartition(":")[0] for e in site.environments if e.openstack}
    hosts = sorted(asked_at | {worker_connect_host(layout)})
    certificate.ensure(layout.worker_key, layout.worker_certificate, hosts)
    for name, secret in local_workers(site).items():
        write_worker(layout, name, secret)


def worker_connect_host(layout: Layout) -> str:
    """Where workers on this machine find the master."""
    return LOOPBACK if layout.worker_address == "0.0.0.0" else layout.worker_address  # noqa: S104  # told apart


def write_worker(layout: Layout, name: str, secret: str) -> None:
    """A worker's folder holds its own password and no other secret."""
    folder = layout.worker(name)
    folder.mkdir(parents=True, exist_ok=True)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text((layout.secrets / secret).read_text())
    tac = WORKER.format(
        host=worker_connect_host(layout),
        port=layout.worker_port,
        name=name,
        password=str(password),
        folder=str(folder),
        roots=layout.worker_certificate.parent,
    )
    (folder / "buildbot.tac").write_text(tac)


def installation(site: Site, layout: Layout, running: Mapping[str, Server]) -> str:
    """The text of `installation.toml`; where a ready change is pushed was written by hand."""
    before = layout.master / "installation.toml"
    kept = read(before, Installation).site_repository if before.is_file() else None
    described = Installation(
        site=layout.site,
        environments=layout.environments,
        url=layout.url,
        http_port=layout.http_port,
        worker_port=layout.worker_port,
        worker_address=layout.worker_address,
        worker_key=layout.worker_key,
        worker_certificate=layout.worker_certificate,
        store=layout.store,
        secrets=layout.secrets,
        site_repository=kept,
        clouds=layout.clouds,
        machine_gitconfig=layout.machine_gitconfig if layout.machine_gitconfig.exists() else None,
        reach={
            name: Reach(address=server.bind, authority=server.authority)
            for name, server in running.items()
        }
        | {
            place.name: Reach(authority=layout.authority(place.name))
            for place in site.environments
            if place.servers and place.tls == "internal"
        },
        servers={
            place.name: inventory.addresses(layout, place)
            for place in site.environments
            if place.servers
        },
    )
    return tomli_w.dumps(described.model_dump(mode="json", exclude_none=True))


def upgrade(layout: Layout) -> None:
    """Make the database, or bring it to this Buildbot's version; raises CommandError."""
    stamp = layout.master / "database-version"
    if stamp.is_file() and stamp.read_text() == version("buildbot"):
        return
    command(layout, "upgrade-master", "--quiet", str(layout.master))
    stamp.write_text(version("buildbot"))


def check(layout: Layout) -> None:
    """Raises CommandError, with Buildbot's own words, when the configuration does not load."""
    command(layout, "checkconfig", "--quiet", str(layout.master))


def command(layout: Layout, *arguments: str) -> None:
    outcome = subprocess.run(
        (f"{BIN}/buildbot", *arguments),
        capture_output=True,
        text=True,
        check=False,
        cwd=layout.master,
        env=environment(layout),
    )
    if outcome.returncode:
        said = (outcome.stdout + outcome.stderr).strip()
        raise CommandError(f"buildbot {arguments[0]} failed:\n{said}")


def reconfigured(log: Path, start: int) -> bool | None:
    """Whether the master took up a changed configuration, by its log from byte `start` on.

    Nothing while it is still at it.
    """
    with log.open("rb") as lines:
        lines.seek(start)
        said = lines.read()
    if b"configuration update aborted" in said or b"reconfig aborted" in said:
        return False
    return True if b"configuration update complete" in said else None
