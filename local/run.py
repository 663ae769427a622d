"""`make run`: bring one installation up on this machine, or bring what runs up to date."""

import fcntl
import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from agent.errors import AgentError
from agent.server import Server
from local import first_releases, secrets, summary
from local.errors import CommandError, exit_on_error
from local.layout import Layout, add_arguments, read_layout
from local.mirrors import git_config, mirror_builder
from local.mirrors.git_commands import MirrorError
from local.program_starter import ProgramStarter
from local.progress import show_status, show_step
from local.services import buildbot, environment_servers, ports, supervisord
from local.services.programs import WORKERS, Program, programs
from local.stop import stop
from model.reading import InvalidSite
from model.site import Site, read_site
from servers.errors import ServerError
from servers.provision import provision


@dataclass(frozen=True)
class Startup:
    """One start of an installation."""

    site: Site
    layout: Layout
    servers: Mapping[str, Server]
    """The servers on this machine, by environment."""
    programs: tuple[Program, ...]
    starter: ProgramStarter

    @property
    def servers_and_master(self) -> list[Program]:
        return [program for program in self.programs if program.priority < WORKERS]

    @property
    def workers(self) -> list[Program]:
        """They start when the master can accept their connections."""
        return [program for program in self.programs if program.priority == WORKERS]


def has_mirrors(startup: Startup) -> bool:
    return (startup.site.folder / "mirrors.toml").exists()


def make_mirrors(startup: Startup) -> None:
    layout = startup.layout
    mirror_builder.make_mirrors(layout.site, layout.mirrors, layout.cache, show_status)


def create_secrets(startup: Startup) -> str:
    return f"Secrets: {len(secrets.create(startup.site, startup.layout))} new"


def has_machines(startup: Startup) -> bool:
    return any(environment.servers for environment in startup.site.environments)


def provision_machines(startup: Startup) -> str:
    """Create and prepare the servers that are machines of their own, all at once."""
    site, layout = startup.site, startup.layout
    provision(site, layout, secrets.installation_id(layout), show_status)
    return "Servers: " + ", ".join(f"{e.name} {len(e.servers)}" for e in site.environments)


def write_configuration(startup: Startup) -> None:
    site, layout, servers = startup.site, startup.layout, startup.servers
    layout.gitconfig.write_text(git_config.git_config(layout.mirrors))
    cloud = site.lane_environment("build") or site.lane_environment("review")
    if cloud and cloud.openstack:
        host, _, port = cloud.openstack.master.rpartition(":")
        url = f"git://{host}:{int(port) + 1}/"
        layout.machine_gitconfig.write_text(git_config.remote_git_config(layout.mirrors, url))
    buildbot.write(site, layout, servers)
    for environment in site.environments:
        if environment.name in servers:
            environment_servers.write(site, environment, layout, servers[environment.name])
    text = supervisord.configuration(layout, startup.programs)
    layout.supervisor_configuration.write_text(text)


def create_databases(startup: Startup) -> None:
    with ThreadPoolExecutor() as pool:
        upgrade = pool.submit(buildbot.upgrade, startup.layout)
        list(pool.map(environment_servers.create_database, startup.servers.values()))
        upgrade.result()


def needs_supervisor(startup: Startup) -> bool:
    return startup.starter.needs_supervisor(startup.programs)


def start_supervisor(startup: Startup) -> None:
    startup.starter.start_supervisor()


def start_servers_and_master(startup: Startup) -> None:
    startup.starter.supervisor.update()
    startup.starter.start(startup.servers_and_master)


def has_workers(startup: Startup) -> bool:
    return bool(startup.workers)


def start_workers(startup: Startup) -> None:
    startup.starter.start(startup.workers)


class StartStep(NamedTuple):
    """One line of what `make run` prints."""

    title: str
    run: Callable[[Startup], str | None]
    """Returns the text to print when it is done, if that is not the title."""
    is_needed: Callable[[Startup], bool] = lambda _: True


STEPS = (
    StartStep("Mirrors of the repositories", make_mirrors, has_mirrors),
    StartStep("Secrets", create_secrets),
    StartStep("Servers", provision_machines, has_machines),
    StartStep("Configuration", write_configuration),
    StartStep("Databases", create_databases),
    StartStep("Supervisor", start_supervisor, needs_supervisor),
    StartStep("Servers and master", start_servers_and_master),
    StartStep("Workers", start_workers, has_workers),
)


def run(layout: Layout, *, wait: bool = True) -> None:
    """Bring everything up; raises CommandError after stopping what it started."""
    if os.geteuid() == 0:
        raise CommandError("no service runs as root; `make run` goes on as an unprivileged user")
    site = read(layout)
    servers = environment_servers.settings(site, layout)
    wanted = programs(site, layout, servers)
    with locked(layout):
        bring_up(Startup(site, layout, servers, wanted, ProgramStarter(layout)))
    if wait:
        first_releases.wait(site, layout)
    summary.show(site, layout, servers)


def bring_up(startup: Startup) -> None:
    """Run all steps; if one fails, stop everything unless it ran before."""
    layout, starter = startup.layout, startup.starter
    was_running = starter.supervisor.is_running()
    if not was_running:
        stop(layout)  # what a killed supervisord left behind
    purposes = ports.port_purposes(startup.programs)
    ports.require_free({n: purposes[n] for n in purposes.keys() - starter.ports_in_use()})
    try:
        for folder in (layout.home, layout.logs, layout.pids):
            folder.mkdir(exist_ok=True)
        layout.gitconfig.touch()  # by which `make clean` knows an installation
        for step in STEPS:
            if step.is_needed(startup):
                show_step(step.title, partial(run_step, step, startup))
    except BaseException:
        if not was_running:
            stop(layout)
        raise


def run_step(step: StartStep, startup: Startup) -> str | None:
    try:
        return step.run(startup)
    except (AgentError, InvalidSite, MirrorError, ServerError) as error:
        raise CommandError(str(error)) from None


def read(layout: Layout) -> Site:
    """Raises CommandError for a mistake in the site."""
    try:
        return read_site(layout.site, layout.environments)
    except InvalidSite as error:
        raise CommandError(f"the site has mistakes\n{error}") from None
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {error.strerror}") from None


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Let only one command at a time change an installation; raises CommandError."""
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


def main() -> None:
    parser = add_arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--no-wait", action="store_true", help="do not wait for first releases")
    options = parser.parse_args()
    run(read_layout(options), wait=not options.no_wait)


if __name__ == "__main__":
    exit_on_error(main)
