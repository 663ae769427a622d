"""The folders of the Buildbot master and its workers, and the commands of Buildbot."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import tomli_w

from agent.server import Server
from local.errors import CommandError
from local.layout import CHECKOUT, Layout
from local.secrets import local_workers, required
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


def write(site: Site, layout: Layout, servers: Mapping[str, Server]) -> None:
    """Write the files from which the master starts."""
    for folder in (layout.master, layout.store):
        folder.mkdir(parents=True, exist_ok=True)
    configuration = str(CHECKOUT / "master.cfg")
    tac = MASTER.format(folder=str(layout.master), configuration=configuration)
    (layout.master / "buildbot.tac").write_text(tac)
    (layout.master / "installation.toml").write_text(installation_toml(site, layout, servers))
    names = {e.openstack.master.rpartition(":")[0] for e in site.environments if e.openstack}
    hosts = sorted(names | {worker_connect_host(layout)})
    now = datetime.now(UTC)
    certificate.ensure(layout.worker_key, layout.worker_certificate, hosts, now)


def worker_connect_host(layout: Layout) -> str:
    """The address to which workers on this machine connect."""
    return LOOPBACK if layout.worker_address == "0.0.0.0" else layout.worker_address  # noqa: S104  # compared, not bound


def worker_passwords(site: Site, layout: Layout) -> dict[str, str]:
    """The password of each worker on this machine."""
    workers = local_workers(site).items()
    return {name: required(layout.secrets / secret) for name, secret in workers}


def write_worker(layout: Layout, name: str, password: str) -> None:
    """Write a worker's folder; its own password is the only secret in it."""
    folder = layout.worker(name)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "password"
    file.touch(mode=0o600)
    file.write_text(password)
    tac = WORKER.format(
        host=worker_connect_host(layout),
        port=layout.worker_port,
        name=name,
        password=str(file),
        folder=str(folder),
        roots=layout.worker_certificate.parent,
    )
    (folder / "buildbot.tac").write_text(tac)


def installation_toml(site: Site, layout: Layout, servers: Mapping[str, Server]) -> str:
    """The text of `installation.toml`; `site_repository`, written by hand, is kept."""
    file = layout.master / "installation.toml"
    site_repository = read(file, Installation).site_repository if file.is_file() else None
    installation = Installation(
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
        site_repository=site_repository,
        clouds=layout.clouds,
        machine_gitconfig=layout.machine_gitconfig if layout.machine_gitconfig.exists() else None,
        reach={
            name: Reach(
                address=server.bind,
                authority=layout.authority(name) if server.authority else None,
            )
            for name, server in servers.items()
        }
        | {
            environment.name: Reach(authority=layout.authority(environment.name))
            for environment in site.environments
            if environment.servers and environment.has_own_authority
        },
        servers={
            environment.name: inventory.addresses(layout, environment)
            for environment in site.environments
            if environment.servers
        },
    )
    return tomli_w.dumps(installation.model_dump(mode="json", exclude_none=True))


def upgrade(layout: Layout) -> None:
    """Create the database, or bring it to this version of Buildbot; raises CommandError."""
    stamp = layout.master / "database-version"
    if stamp.is_file() and stamp.read_text() == version("buildbot"):
        return
    run(layout, "upgrade-master", "--quiet", str(layout.master))
    stamp.write_text(version("buildbot"))


def check(layout: Layout) -> None:
    """Raises CommandError with Buildbot's message when the configuration does not load."""
    run(layout, "checkconfig", "--quiet", str(layout.master))


def run(layout: Layout, *arguments: str) -> None:
    """Run one of Buildbot's commands; raises CommandError with its output."""
    result = subprocess.run(
        (f"{BIN}/buildbot", *arguments),
        capture_output=True,
        text=True,
        check=False,
        cwd=layout.master,
        env=environment(layout),
    )
    if result.returncode:
        output = (result.stdout + result.stderr).strip()
        raise CommandError(f"buildbot {arguments[0]} failed:\n{output}")


def reconfigured(log: Path, start: int) -> bool | None:
    """Whether the master uses a changed configuration, by its log from byte `start` on.

    None while it still reads the configuration.
    """
    with log.open("rb") as lines:
        lines.seek(start)
        text = lines.read()
    if b"configuration update aborted" in text or b"reconfig aborted" in text:
        return False
    return True if b"configuration update complete" in text else None
