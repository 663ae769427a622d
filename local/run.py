"""`make run`: bring one installation up on this machine, or bring what runs up to date."""

import fcntl
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from local import account_folders, first_releases, summary
from local.account_names import MASTER
from local.as_account import call
from local.errors import CommandError, exit_on_error
from local.installation_fit import misfits
from local.layout import Layout, add_arguments, read_layout
from local.program_starter import ProgramStarter
from local.progress import console, show_step
from local.services import environment_servers, ports
from local.services.programs import Program, programs
from local.start_steps import STEPS, StartStep, Startup, run_here, serves_releases, start_servers
from local.stop import stop, stop_all
from model.reading import InvalidSite
from model.site import Site, read_site

GOES_ON = "what could be started goes on; correct this and run `make run` again, or `make stop`"


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
    """Run all steps; if one fails, stop everything unless it ran before, or releases are live."""
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
    except BaseException as error:
        if was_running:
            raise
        if isinstance(error, Exception) and serves_releases(startup):
            with suppress(CommandError):  # the first error says more
                start_servers(startup)
            console.print(f"[yellow]![/] {GOES_ON}")
        else:
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
    """Raises CommandError for mistakes in the site, and for what does not fit this machine."""
    try:
        return read_site(layout.site, layout.environments, partial(misfits, layout=layout))
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
