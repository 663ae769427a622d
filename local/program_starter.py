"""Starts the programs that do not run, and has the others take up what changed."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.supervisor import ALIVE, ENDED, Supervisor
from cloud.polling import wait_until
from local.bootstrap.service_user import IN_NAMESPACE
from local.errors import CommandError
from local.layout import Layout
from local.services import buildbot, supervisord
from local.services.programs import Program
from local.step_status import show_status
from local.stop import stop

SECONDS = 120
"""How long programs may take until they are ready."""


class ProgramStarter:
    """Starts and renews the programs of one installation."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.supervisor = Supervisor(layout.supervisor_socket)
        applied = json.loads(layout.applied.read_text()) if layout.applied.exists() else {}
        self.applied: dict[str, dict[str, Any]] = applied
        """For each program, the stamps and ports with which it was last started."""

    def ports_in_use(self) -> set[int]:
        """The ports of our own programs that run now."""
        if not self.supervisor.is_running():
            return set()
        running = [name for name, state in self.supervisor.states().items() if state == "RUNNING"]
        return {port for name in running for port in self.applied.get(name, {}).get("ports", ())}

    def needs_supervisor(self, programs: Sequence[Program]) -> bool:
        """Whether supervisord must be started, because it does not run or would start old code.

        In a mount namespace of its own, supervisord sees the files that were there at its start.
        """
        has_stale_files = IN_NAMESPACE in os.environ and any(
            self.has_changed(program, "restart") for program in programs
        )
        return has_stale_files or not self.supervisor.is_running()

    def start_supervisor(self) -> None:
        """Start supervisord, after stopping everything under an older one."""
        if self.supervisor.is_running():
            stop(self.layout)
            self.layout.pids.mkdir(exist_ok=True)
        supervisord.start(self.layout)
        if not wait_until(self.supervisor.is_running, SECONDS):
            raise self.not_ready("supervisord")

    def start(self, programs: Sequence[Program]) -> None:
        """Start or renew these programs and wait until all of them are ready."""
        for program in programs:
            self.renew(program)
        pending = {program.name: program for program in programs}

        def all_ready() -> bool:
            show_status(f"Waiting for {', '.join(pending)}")
            for name in self.running(pending):
                if pending[name].is_ready():
                    del pending[name]
            return not pending

        if not wait_until(all_ready, SECONDS):
            name, program = next(iter(pending.items()))
            raise self.not_ready(name, program.log)
        for program in programs:
            self.applied[program.name] = {**program.stamps(), "ports": list(program.ports)}
        self.layout.applied.write_text(json.dumps(self.applied, indent=2))

    def renew(self, program: Program) -> None:
        """Start, restart or reload a program, or leave it as it is."""
        state = self.supervisor.states()[program.name]
        if state in ENDED:
            self.supervisor.start(program.name)
        elif self.has_changed(program, "restart"):
            self.check(program)
            self.supervisor.restart(program.name)
        elif state in ALIVE and self.has_changed(program, "reload"):
            self.check(program)
            self.reload(program)

    def has_changed(self, program: Program, stamp: str) -> bool:
        """Whether a program that was started before is made from something else now."""
        applied = self.applied.get(program.name)
        return applied is not None and applied[stamp] != program.stamps()[stamp]

    def check(self, program: Program) -> None:
        """Raises CommandError for a configuration that would end a running master."""
        if program.name == "master":
            buildbot.check(self.layout)

    def reload(self, program: Program) -> None:
        """Have a running program read its configuration again; raises CommandError."""
        log = self.layout.log(program.name)
        start = log.stat().st_size
        if program.reload_signal:
            self.supervisor.signal(program.name, program.reload_signal)
        if program.reload_command:
            result = subprocess.run(
                program.reload_command,
                capture_output=True,
                text=True,
                check=False,
                env=supervisord.environment(self.layout),
            )
            if result.returncode:
                raise CommandError(f"{program.name} keeps its old configuration:\n{result.stderr}")
        if program.name == "master":
            wait_until(lambda: buildbot.reconfigured(log, start) is not None, SECONDS)
            if not buildbot.reconfigured(log, start):
                end = supervisord.last_lines(log)
                raise CommandError(f"the master keeps its old configuration:\n{end}")

    def running(self, pending: Mapping[str, Program]) -> list[str]:
        """The programs that run now; raises CommandError when one of them has given up."""
        states = self.supervisor.states()
        for name, program in pending.items():
            if states[name] in ENDED:
                raise self.not_ready(name, program.log)
        return [name for name in pending if states[name] in ALIVE]

    def not_ready(self, name: str, own_log: Path | None = None) -> CommandError:
        log = own_log if own_log and own_log.exists() else self.layout.log(name)
        end = supervisord.last_lines(log)
        return CommandError(f"{name} does not answer; the end of {log}:\n{end}")
