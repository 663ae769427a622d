"""`make run`: bring one installation up on this machine, or bring what runs up to date."""

import fcntl
import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from agent.errors import AgentError
from agent.server import Server
from local import account_folders, first_releases, secrets, summary
from local.as_account import call, call_each
from local.errors import CommandError, exit_on_error
from local.installation_accounts import MASTER
from local.layout import Layout, add_arguments, read_layout
from local.mirrors import git_config, mirror_builder
from local.mirrors.git_commands import MirrorError
from local.program_starter import ProgramStarter
from local.progress import show_step
from local.services import buildbot, environment_servers, ports, supervisord
from local.services.programs import WORKERS, Program, programs, worker_accounts
from local.step_status import show_status
from local.stop import stop, stop_all
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

    @property
    def programs_by_account(self) -> Mapping[str, list[Program]]:
        """The programs of each account; without separate accounts, all have the same."""
        accounts: dict[str, list[Program]] = {}
        for program in self.programs:
            accounts.setdefault(program.account if self.layout.separate else "", []).append(program)
        return accounts

    def as_master(self, function: Callable[[], Any]) -> Any:
        """The result of a function that runs with the master's rights."""
        return call(self.layout, MASTER, partial(run_here, function))

    def as_each(self, function: Callable[[ProgramStarter, list[Program]], Any]) -> list[Any]:
        """The results of a function for each account's programs, with that account's rights."""

        def of_account(name: str, programs: list[Program]) -> Any:
            return function(ProgramStarter(self.layout.of(name)), programs)

        functions = {
            name: partial(run_here, partial(of_account, name, programs))
            for name, programs in self.programs_by_account.items()
        }
        return list(call_each(self.layout, functions).values())


def run_here(function: Callable[[], Any]) -> Any:
    """The result of a function; raises CommandError with the text of each error of ours."""
    try:
        return function()
    except (AgentError, InvalidSite, MirrorError, ServerError) as error:
        raise CommandError(str(error)) from None


def has_mirrors(startup: Startup) -> bool:
    return (startup.site.folder / "mirrors.toml").exists()


def make_mirrors(startup: Startup) -> None:
    """As the account of `var`: the mirrors stand for GitHub, and serve several installations."""
    layout = startup.layout
    make = partial(mirror_builder.make_mirrors, layout.site, layout.mirrors, layout.cache)
    call(layout, "", partial(run_here, partial(make, show_status)))


def create_secrets(startup: Startup) -> str:
    create = partial(secrets.create, startup.site, startup.layout)
    return f"Secrets: {len(startup.as_master(create))} new"


def has_machines(startup: Startup) -> bool:
    return any(environment.servers for environment in startup.site.environments)


def provision_machines(startup: Startup) -> str:
    """Create and prepare the servers that are machines of their own, all at once."""
    site, layout = startup.site, startup.layout

    def provision_all() -> None:
        provision(site, layout, secrets.installation_id(layout), show_status)

    startup.as_master(provision_all)
    return "Servers: " + ", ".join(f"{e.name} {len(e.servers)}" for e in site.environments)


def write_configuration(startup: Startup) -> None:
    site, layout, servers = startup.site, startup.layout, startup.servers
    passwords = startup.as_master(partial(write_master_files, startup))
    accounts = worker_accounts(site)

    def write_files(starter: ProgramStarter, programs: list[Program]) -> None:
        own = {program.account for program in programs}
        for name, password in passwords.items():
            if accounts[name] in own:
                buildbot.write_worker(layout, name, password)
        for environment in site.environments:
            if environment.name in own & set(servers):
                environment_servers.write(site, environment, layout, servers[environment.name])
        text = supervisord.configuration(starter.layout, programs)
        starter.layout.supervisor_configuration.write_text(text)

    startup.as_each(write_files)


def write_master_files(startup: Startup) -> dict[str, str]:
    """Write what only the master may change; returns the passwords of the workers."""
    site, layout = startup.site, startup.layout
    layout.gitconfig.write_text(git_config.git_config(layout.mirrors))
    cloud = site.lane_environment("build") or site.lane_environment("review")
    if cloud and cloud.openstack:
        host, _, port = cloud.openstack.master.rpartition(":")
        url = f"git://{host}:{int(port) + 1}/"
        layout.machine_gitconfig.write_text(git_config.remote_git_config(layout.mirrors, url))
    buildbot.write(site, layout, startup.servers)
    return buildbot.worker_passwords(site, layout)


def create_databases(startup: Startup) -> None:
    def create(starter: ProgramStarter, programs: list[Program]) -> None:
        own = {program.account for program in programs}
        jobs = [partial(buildbot.upgrade, starter.layout)] if MASTER in own else []
        jobs += [
            partial(environment_servers.create_database, startup.servers[name])
            for name in own & set(startup.servers)
        ]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda job: job(), jobs))

    startup.as_each(create)


def needs_supervisor(startup: Startup) -> bool:
    return any(startup.as_each(lambda starter, programs: starter.needs_supervisor(programs)))


def start_supervisors(startup: Startup) -> None:
    def start(starter: ProgramStarter, programs: list[Program]) -> None:
        if starter.needs_supervisor(programs):
            starter.start_supervisor()

    startup.as_each(start)


def start_servers_and_master(startup: Startup) -> None:
    def start(starter: ProgramStarter, programs: list[Program]) -> None:
        starter.supervisor.update()
        starter.start([program for program in programs if program.priority < WORKERS])
        for environment in startup.site.environments:
            if environment.name in {p.account for p in programs} & set(startup.servers):
                server = startup.servers[environment.name]
                environment_servers.publish_authority(startup.layout, environment, server)

    startup.as_each(start)


def has_workers(startup: Startup) -> bool:
    return any(program.priority == WORKERS for program in startup.programs)


def start_workers(startup: Startup) -> None:
    """They start when the master can accept their connections."""

    def start(starter: ProgramStarter, programs: list[Program]) -> None:
        starter.start([program for program in programs if program.priority == WORKERS])

    startup.as_each(start)


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
    StartStep("Supervisor", start_supervisors, needs_supervisor),
    StartStep("Servers and master", start_servers_and_master),
    StartStep("Workers", start_workers, has_workers),
)


def run(layout: Layout, *, wait: bool = True) -> None:
    """Bring everything up; raises CommandError after stopping what it started."""
    site = read(layout)
    if os.geteuid() == 0:
        layout = replace(layout, separate=True)
        account_folders.prepare(site, layout)
        layout = account_folders.adopt_clouds(layout)
    servers = environment_servers.settings(site, layout)
    wanted = programs(site, layout, servers)
    with locked(layout):
        bring_up(Startup(site, layout, servers, wanted))
    if wait:
        first_releases.wait(site, layout)
    summary.show(site, layout, servers)


def bring_up(startup: Startup) -> None:
    """Run all steps; if one fails, stop everything unless it ran before."""
    was_running = any(startup.as_each(prepare_start))
    purposes = ports.port_purposes(startup.programs)
    in_use = {port for used in startup.as_each(ports_in_use) for port in used}
    needed = {n: purposes[n] for n in purposes.keys() - in_use}
    call(startup.layout, MASTER, partial(ports.require_free, needed))
    try:
        startup.as_each(create_folders)
        # By this file `make clean` knows an installation.
        call(startup.layout, MASTER, startup.layout.gitconfig.touch)
        for step in STEPS:
            if step.is_needed(startup):
                show_step(step.title, partial(run_step, step, startup))
    except BaseException:
        if not was_running:
            stop_all(startup.layout)
        raise


def prepare_start(starter: ProgramStarter, _: list[Program]) -> bool:
    """Whether the account's programs run; if not, what a killed supervisord left is ended."""
    if starter.supervisor.is_running():
        return True
    stop(starter.layout)
    return False


def ports_in_use(starter: ProgramStarter, _: list[Program]) -> list[int]:
    return list(starter.ports_in_use())


def create_folders(starter: ProgramStarter, _: list[Program]) -> None:
    layout = starter.layout
    for folder in (layout.home, layout.logs, layout.pids):
        folder.mkdir(exist_ok=True)


def run_step(step: StartStep, startup: Startup) -> str | None:
    text: str | None = run_here(partial(step.run, startup))
    return text


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
        folder = layout.state
        if layout.separate:
            folder /= account_folders.ACCOUNTS  # where nobody but root can write
        else:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)  # the ledger holds the key that signs sessions
        lock = (folder / "lock").open("w")
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
