"""The steps of `make run`, each done with the rights of the account whose part it concerns."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agent import setup
from agent.component_directory import CURRENT
from agent.errors import AgentError
from agent.server import Server
from local import secrets
from local.account_names import MASTER
from local.as_account import call, call_each
from local.errors import CommandError
from local.layout import Layout
from local.mirrors import git_config, mirror_builder
from local.mirrors.git_commands import MirrorError
from local.program_starter import ProgramStarter
from local.progress import plain
from local.services import buildbot, environment_servers, supervisord
from local.services.programs import (
    BUILDBOT,
    WORKERS,
    Program,
    process_folders,
    worker_accounts,
)
from local.step_status import show_status
from model.plural import plural
from model.reading import InvalidSite
from model.site import Site
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
        """The programs of each account; without separate accounts, all have the same.

        An account may have only the processes that deployments start.
        """
        accounts: dict[str, list[Program]] = {account: [] for account in self.folders}
        for program in self.programs:
            accounts.setdefault(program.account if self.layout.separate else "", []).append(program)
        return accounts

    @property
    def folders(self) -> Mapping[str, list[Path]]:
        """For each account the folders of supervisord's files that deployments write for it."""
        found: dict[str, list[Path]] = {}
        for account, folder in process_folders(self.site, self.servers):
            found.setdefault(account if self.layout.separate else "", []).append(folder)
        return found

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


def concerns(layout: Layout, account: str) -> bool:
    """Whether what is an account's is done here; without separate accounts, all is."""
    return not layout.separate or layout.account == account


def has_mirrors(startup: Startup) -> bool:
    return (startup.site.folder / "mirrors.toml").exists()


def make_mirrors(startup: Startup) -> str:
    """As the account of `var`: the mirrors stand for GitHub, and serve several installations.

    What cannot be had of one Debian release stops nothing, since the others are there.
    """
    layout = startup.layout
    make = partial(mirror_builder.make_mirrors, layout.site, layout.mirrors, layout.cache)
    missing: list[str] = call(layout, "", partial(run_here, partial(make, show_status)))
    return "\n    ".join(["Mirrors of the repositories", *map(plain, missing)])


def create_secrets(startup: Startup) -> str:
    def create() -> str:
        new = secrets.create(startup.site, startup.layout)
        wrong = secrets.unusable(startup.site, startup.layout)
        return "\n    ".join([f"Secrets: {len(new)} new", *wrong])

    text: str = startup.as_master(create)
    return text


def has_machines(startup: Startup) -> bool:
    return any(environment.servers for environment in startup.site.environments)


def provision_machines(startup: Startup) -> str:
    """Create and prepare the servers that are machines of their own, all at once."""
    site, layout = startup.site, startup.layout

    def provision_all() -> int:
        return provision(site, layout, secrets.installation_id(layout), show_status)

    changes = plural(startup.as_master(provision_all), "change")
    counts = ", ".join(f"{e.name} {len(e.server_groups)}" for e in site.environments)
    return f"Servers: {counts}; {changes}"


def write_configuration(startup: Startup) -> None:
    site, layout, servers = startup.site, startup.layout, startup.servers
    passwords = startup.as_master(partial(write_master_files, startup))
    accounts = worker_accounts(site)

    def write_files(starter: ProgramStarter, programs: list[Program]) -> None:
        account = starter.layout.account
        for name, password in passwords.items():
            if concerns(starter.layout, accounts[name]):
                buildbot.write_worker(layout, name, password)
        for environment in site.environments:
            if environment.name in servers and concerns(starter.layout, environment.name):
                environment_servers.write(site, environment, layout, servers[environment.name])
        folders = startup.folders.get(account, ())
        text = supervisord.configuration(starter.layout, programs, folders)
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
    def create(starter: ProgramStarter, _: list[Program]) -> None:
        layout = starter.layout
        jobs = [partial(buildbot.upgrade, layout)] if concerns(layout, MASTER) else []
        jobs += [
            partial(environment_servers.create_database, server)
            for name, server in startup.servers.items()
            if concerns(layout, name)
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

    def start_deployed(starter: ProgramStarter, _: list[Program]) -> None:
        for name, server in startup.servers.items():
            if concerns(starter.layout, name):
                environment_servers.publish_authority(server)
                names = [component.name for component in startup.site.components]
                setup.start_processes(server, names)

    startup.as_each(start)
    startup.as_each(start_deployed)


def serves_releases(startup: Startup) -> bool:
    """Whether a release is live on this machine, which visitors reach without the master."""

    def has_live_release(starter: ProgramStarter, _: list[Program]) -> bool:
        return any(
            (server.srv / component.name / CURRENT).is_symlink()
            for name, server in startup.servers.items()
            if concerns(starter.layout, name)
            for component in startup.site.components
        )

    return any(startup.as_each(has_live_release))


def start_servers(startup: Startup) -> None:
    """Start what visitors need as it was configured last, whatever else cannot be started."""

    def start(starter: ProgramStarter, programs: list[Program]) -> None:
        if not starter.layout.supervisor_configuration.exists():
            return
        if not starter.supervisor.is_running():
            starter.start_supervisor()
        starter.start([program for program in programs if program.priority < BUILDBOT])

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
