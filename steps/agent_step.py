"""Have the program on a component's servers do one part of a deployment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.properties import Secret
from buildbot.process.remotecommand import RemoteShellCommand
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.environment import Environment
from model.installation import ServerAddress
from model.release import EnvironmentContext
from steps.git import last_line
from steps.step import Step

PROGRAM = "slipway-agent"
"""On the deploy worker's PATH; see `agent/`."""

CURRENT = re.compile(r"^current: ([0-9a-f]{64})$", re.MULTILINE)
"""What a server says is live, however the verb ended."""

DECIDED = "decided"
"""The property which says that every server has proved the release, and that it is kept."""
TRIES = 3
"""How often servers are asked to keep it: one that does not hear of it stays undecided."""
SCRIPT = Path(__file__).with_name("remote_agent.bash")


@dataclass(frozen=True)
class CommandResult:
    """How a verb ended."""

    result: int
    sentence: str
    live: str | None
    """The release that is live now, if that is known."""


class AgentStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """One verb of the program on the worker's own machine; its last line is what people read."""

    def __init__(
        self,
        verb: str,
        component: Component,
        environment: Environment,
        files: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.verb = verb
        self.component = component
        self.environment = environment
        self.files = files or {}
        """What the verb needs, by the names of the program's options."""
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        try:
            context = await self.context()
            said = await self.run_verb(context.model_dump_json())
        except KeyError as missing:
            self.descriptionDone = str(missing.args[0])
            return FAILURE
        self.descriptionDone = said.sentence
        if said.live:
            self.setProperty("live", said.live, self.name)
        return said.result

    async def run_verb(self, context: str) -> CommandResult:
        """Do it; what came of it."""
        named = [word for option, file in self.files.items() for word in (f"--{option}", file)]
        command = await self.told([PROGRAM, *self.words(self.verb), *named], context)
        said = command.stderr if command.didFail() else command.stdout
        current = CURRENT.search(command.stdout)
        return CommandResult(
            command.results(),
            last_line(said) or f"{self.verb} ended without a word",
            current[1] if current else None,
        )

    async def told(self, words: list[str], given: str) -> RemoteShellCommand:
        """Run a command on the worker and keep what it prints."""
        command: RemoteShellCommand = await self.makeRemoteShellCommand(
            command=words,
            initialStdin=given,
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
        )
        await self.runCommand(command)
        return command

    def words(self, verb: str) -> list[str]:
        """The verb, the component, and the chosen release; `abandon` works without."""
        digest = () if verb == "abandon" else (self.getProperty("digest"),)
        return [verb, self.component.name, *digest]

    async def context(self) -> EnvironmentContext:
        """What the environment adds to the release; raises KeyError naming a missing secret."""
        secrets = {
            name: await self.secret(self.environment.secret(self.component, name))
            for name in (self.component.secrets if self.verb == "prepare" else ())
        }
        context = EnvironmentContext.of(self.environment, self.component)
        return context.model_copy(update={"secrets": secrets})

    async def secret(self, name: str) -> str:
        """One secret of this environment, which Buildbot hides in the logs from now on."""
        try:
            return str(await self.build.render(Secret(name)))
        except KeyError:
            where = f"{self.component.name} in {self.environment.name}"
            raise KeyError(f"secret '{name}' is missing: {where} needs it") from None


class RemoteAgentStep(AgentStep):
    """The same on several servers at once, over SSH: all of them, or none."""

    def __init__(self, hosts: Mapping[str, ServerAddress], *given: Any, **more: Any) -> None:
        self.hosts = hosts
        super().__init__(*given, **more)

    async def run_verb(self, context: str) -> CommandResult:
        if self.verb == "abandon":
            # What was decided stays so; what was not, no server may decide for itself.
            return await self.asked(context, "abandon", *self.undoing())
        if self.verb != "switch":
            return await self.asked(context, self.verb)
        answer = await self.asked(context, "switch", "--together")
        if answer.result == SUCCESS and not self.stopped:
            return await self.kept(context)
        undone = await self.asked(context, "abandon", *self.undoing())
        what = "all return" if undone.result == SUCCESS else "not all returned"
        return CommandResult(
            answer.result, f"{answer.sentence}; {what}: {undone.sentence}", undone.live
        )

    def undoing(self) -> tuple[str, ...]:
        """The flag that undoes this build's switch, unless it has been decided to keep it."""
        digest = self.getProperty("digest")
        return () if self.getProperty(DECIDED) or not digest else ("--switched", digest)

    async def kept(self, context: str) -> CommandResult:
        """Every server has proved the release, so it is live, whoever does not hear of it."""
        self.setProperty(DECIDED, True, self.name)
        for _ in range(TRIES):
            said = await self.asked(context, "keep")
            if said.result == SUCCESS:
                break
        return CommandResult(said.result, said.sentence, self.getProperty("digest"))

    async def asked(self, context: str, verb: str, *flags: str) -> CommandResult:
        """Ask all servers; the sentences of those that failed, or of all."""
        key = await self.secret(self.environment.ssh_secret)
        files = " ".join(self.files.values())
        known = "\n".join(host.known for host in self.hosts.values())
        places = [f"{name}={host.address}" for name, host in self.hosts.items()]
        words = " ".join([*self.words(verb), *flags])
        script = ["ssh-agent", "bash", "-c", SCRIPT.read_text("utf-8"), SCRIPT.stem]
        command = await self.told(
            [*script, known, words, files, *places], f"{key.strip()}\n{context}"
        )
        said, complaints = (by_name(text, self.hosts) for text in (command.stdout, command.stderr))
        if command.results() != SUCCESS:  # an interrupted command has not failed, but not succeeded
            told = {name: complaints[name] for name in self.hosts if complaints[name]}
            return CommandResult(command.results(), sentence(told, command.stderr), agreed(said))
        if silent := [name for name in self.hosts if not last_line(said[name])]:
            return CommandResult(FAILURE, f"{', '.join(silent)}: {verb} ended without a word", None)
        return CommandResult(SUCCESS, sentence(said, ""), agreed(said))


def by_name(text: str, names: Mapping[str, object]) -> dict[str, str]:
    """What each server said, of lines that begin with their names."""
    lines = [line.partition(": ") for line in text.splitlines()]
    return {name: "\n".join(rest for who, _, rest in lines if who == name) for name in names}


def sentence(told: Mapping[str, str], else_: str) -> str:
    """The last line of each server, once where they say the same."""
    last = {name: last_line(text) for name, text in told.items()}
    if len(last) > 1 and len(set(last.values())) == 1:
        return f"{', '.join(last)}: {next(iter(last.values()))}"
    each = "; ".join(f"{name}: {line}" for name, line in last.items())
    return each or last_line(else_) or "no server said a word"


def agreed(said: Mapping[str, str]) -> str | None:
    """The release of which every server says that it is live."""
    found = {match[1] if (match := CURRENT.search(text)) else None for text in said.values()}
    return found.pop() if len(found) == 1 else None
