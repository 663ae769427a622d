"""`make run`: bring one installation up on this machine, or bring what runs up to date."""

import fcntl
import os
from argparse import ArgumentParser
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from agent.server import Server
from local import first_releases, secrets, stop, summary
from local.errors import CommandError, exit_on_error
from local.layout import Layout, arguments, layout
from local.mirrors import repositories
from local.mirrors.commands import MirrorFailed
from local.progress import step
from local.services import buildbot, environment_servers, ports
from local.services.programs import Program, programs
from local.services.supervision import Supervisor, configuration
from local.start import Start
from model.reading import InvalidSite
from model.site import Site, read_site
from servers.errors import ServerError
from servers.provision import provision


def run(layout: Layout, *, wait: bool = True) -> None:
    """Bring everything up; raises CommandError, having stopped whatever it had started."""
    if os.geteuid() == 0:
        raise CommandError("no service runs as root; `make run` goes on as an unprivileged user")
    site = read(layout)
    running = environment_servers.servers(site, layout)
    everything = programs(site, layout, running)
    with alone(layout):
        up(site, layout, running, everything)
    if wait:
        first_releases.wait(site, layout)
    summary.show(site, layout, running)


def up(
    site: Site, layout: Layout, running: Mapping[str, Server], everything: tuple[Program, ...]
) -> None:
    """Prepare, start and wait until all programs answer."""
    supervisor = Supervisor(layout)
    start = Start(layout, supervisor)
    already = supervisor.runs()
    if not already:
        stop.stop(layout)
    wanted = ports.wanted(everything)
    ports.free({port: wanted[port] for port in wanted.keys() - start.held()})
    try:
        prepare(site, layout, running)
        layout.supervisor_configuration.write_text(configuration(layout, everything))
        start.all(everything)
    except BaseException:
        if not already:
            stop.stop(layout)
        raise


def read(layout: Layout) -> Site:
    try:
        return read_site(layout.site, layout.environments)
    except InvalidSite as invalid:
        raise CommandError(f"the site has mistakes\n{invalid}") from None
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {error.strerror}") from None


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Only one command at a time changes an installation."""
    try:
        layout.state.mkdir(parents=True, exist_ok=True)
        layout.state.chmod(0o700)  # the ledger holds the key that signs sessions
        lock = (layout.state / "lock").open("w")
    except OSError as error:
        raise CommandError(f"cannot write in {layout.state}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"another command is at work in {layout.state}") from None
        yield


def prepare(site: Site, layout: Layout, running: Mapping[str, Server]) -> None:
    """Make everything that the programs find when they start."""
    layout.gitconfig.write_text("")
    for folder in (layout.home, layout.logs, layout.pids):
        folder.mkdir(exist_ok=True)
    make_mirrors(site, layout)
    with step("Secrets") as say:
        say(f"Secrets: {len(secrets.create(site, layout))} new")
    make_servers(site, layout)
    with step("Configuration"):
        buildbot.write(site, layout, running)
        for environment in site.environments:
            if environment.name in running:
                environment_servers.write(site, environment, layout, running[environment.name])
    with step("Databases"), ThreadPoolExecutor() as pool:
        upgrade = pool.submit(buildbot.upgrade, layout)
        deque(pool.map(environment_servers.initialise, running.values()), maxlen=0)
        upgrade.result()


def make_mirrors(site: Site, layout: Layout) -> None:
    """Make the mirrors that the site describes; all that are there stand for their repositories."""
    if (layout.site / "mirrors.toml").exists():
        with step("Mirrors of the repositories") as say:
            try:
                repositories.make(layout.site, layout.mirrors, layout.cache, say)
            except (MirrorFailed, InvalidSite) as failure:
                raise CommandError(str(failure)) from None
            say("Mirrors of the repositories")
    layout.gitconfig.write_text(repositories.git_config(layout.mirrors))
    place = site.lane_environment("build") or site.lane_environment("review")
    if place and place.openstack:
        host, _, port = place.openstack.master.rpartition(":")
        url = f"git://{host}:{int(port) + 1}/"
        layout.machine_gitconfig.write_text(repositories.elsewhere(layout.mirrors, url))


def make_servers(site: Site, layout: Layout) -> None:
    """Make and prepare the servers that are machines of their own, all at once."""
    if not any(environment.servers for environment in site.environments):
        return
    with step("Servers") as say:
        try:
            provision(site, layout, secrets.operator(layout), say)
        except ServerError as error:
            raise CommandError(str(error)) from None
        say("Servers: " + ", ".join(f"{e.name} {len(e.servers)}" for e in site.environments))


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--no-wait", action="store_true", help="do not wait for first releases")
    given = parser.parse_args()
    run(layout(given), wait=not given.no_wait)


if __name__ == "__main__":
    exit_on_error(main)
