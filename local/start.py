"""Starts what does not run, and has what runs take up what changed; nothing more."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agent.supervisor import ALIVE, ENDED, Supervisor
from cloud.polling import wait_until
from local.bootstrap.service_user import VISIBLE
from local.errors import CommandError
from local.layout import Layout
from local.progress import step
from local.services import buildbot, supervisord
from local.services.programs import WORKERS, Program
from local.services.supervisord import environment, last_lines
from local.stop import stop

SECONDS = 120
"""How long programs may take until they answer."""


class Start:
    """One start of an installation's programs."""

    def __init__(self, layout: Layout, supervisor: Supervisor) -> None:
        self.layout = layout
        self.supervisor = supervisor
        found = json.loads(layout.applied.read_text()) if layout.applied.exists() else {}
        self.applied: dict[str, dict[str, Any]] = found
        """By program: what it was started with last."""

    def held(self) -> set[int]:
        """The ports at which our own programs listen now."""
        if not self.supervisor.is_running():
            return set()
        alive = [name for name, state in self.supervisor.states().items() if state == "RUNNING"]
        return {port for name in alive for port in self.applied.get(name, {}).get("ports", ())}

    def all(self, programs: tuple[Program, ...]) -> None:
        """Bring every program to what it is now; workers when the master can greet them."""
        if self.stale(programs):
            stop(self.layout)
            self.layout.pids.mkdir(exist_ok=True)
        if not self.supervisor.is_running():
            with step("Supervisor"):
                supervisord.start(self.layout)
                if not wait_until(self.supervisor.is_running, SECONDS):
                    raise CommandError(self.silence("supervisord"))
        self.supervisor.update()
        self.some("Servers and master", [p for p in programs if p.priority < WORKERS])
        if workers := [p for p in programs if p.priority == WORKERS]:
            self.some("Workers", workers)

    def stale(self, programs: tuple[Program, ...]) -> bool:
        """Whether a new process would read old code.

        In a mount namespace of its own, supervisord sees the files that were there at its start.
        """
        changed = any(self.changed(program, "restart") for program in programs)
        return changed and VISIBLE in os.environ

    def some(self, title: str, programs: Iterable[Program]) -> None:
        """Start or renew these programs and wait until they all answer."""
        with step(title) as say:
            for program in programs:
                self.renew(program)
            pending = {program.name: program for program in programs}

            def all_answer() -> bool:
                say(f"{title}: {', '.join(pending)}")
                for name in self.alive(pending):
                    if pending[name].is_ready():
                        del pending[name]
                return not pending

            if not wait_until(all_answer, SECONDS):
                name, program = next(iter(pending.items()))
                raise CommandError(self.silence(name, program.log))
            say(title)
        for program in programs:
            self.applied[program.name] = {**program.stamps(), "ports": list(program.ports)}
        self.layout.applied.write_text(json.dumps(self.applied, indent=2))

    def renew(self, program: Program) -> None:
        state = self.supervisor.states()[program.name]
        if state in ENDED:
            self.supervisor.start(program.name)
        elif self.changed(program, "restart"):
            self.check(program)
            self.supervisor.restart(program.name)
        elif state in ALIVE and self.changed(program, "reload"):
            self.check(program)
            self.reload(program)

    def changed(self, program: Program, what: str) -> bool:
        """Whether a program that we started once is made from something else now."""
        before = self.applied.get(program.name)
        return before is not None and before[what] != program.stamps()[what]

    def check(self, program: Program) -> None:
        """Refuse a configuration that would take a running master away."""
        if program.name == "master":
            buildbot.check(self.layout)

    def reload(self, program: Program) -> None:
        log = self.layout.log(program.name)
        start = log.stat().st_size
        if program.reload_signal:
            self.supervisor.signal(program.name, program.reload_signal)
        if program.reload_command:
            outcome = subprocess.run(
                program.reload_command,
                capture_output=True,
                text=True,
                check=False,
                env=environment(self.layout),
            )
            if outcome.returncode:
                raise CommandError(f"{program.name} keeps its old configuration:\n{outcome.stderr}")
        if program.name == "master":
            wait_until(lambda: buildbot.reconfigured(log, start) is not None, SECONDS)
            if not buildbot.reconfigured(log, start):
                raise CommandError(f"the master keeps its old configuration:\n{last_lines(log)}")

    def alive(self, pending: Mapping[str, Program]) -> list[str]:
        """Those that run now; refuses to wait for a program that has given up."""
        states = self.supervisor.states()
        for name, program in pending.items():
            if states[name] in ENDED:
                raise CommandError(self.silence(name, program.log))
        return [name for name in pending if states[name] in ALIVE]

    def silence(self, name: str, own_log: Path | None = None) -> str:
        log = own_log if own_log and own_log.exists() else self.layout.log(name)
        return f"{name} does not answer; the end of {log}:\n{last_lines(log)}"
