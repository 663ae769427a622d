"""Have the agent on a component's servers do one part of a deployment."""

import json
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
from releases.secret_file import UnusableSecret
from steps.choose_release import CONFIGURATION
from steps.git import last_line
from steps.step import Step

PROGRAM = "slipway-agent"
"""The agent, on the deploy worker's PATH; see `agent/`."""

CURRENT = re.compile(r"^current: ([0-9a-f]{64})$", re.MULTILINE)
"""The line in which the agent names the live release, whether the verb succeeds or fails."""

PROPERTIES = re.compile(r"^properties: (\{.*\})$", re.MULTILINE)
"""The lines with values that become build properties, each a JSON object."""

ALLOWED_PROPERTIES = ("configuration", "configured", "migration")
"""The configuration that is live now, the files of a new one, and the rehearsal's result."""

WITH_SECRETS = ("prepare", "rehearse")
"""The verbs that render the release's templates."""

DECIDED = "decided"
"""The property that says: every server has verified the release, so all of them keep it."""

KEEP_ATTEMPTS = 3
"""How often servers are told to keep a release: one that misses the message stays undecided."""

SCRIPT = Path(__file__).with_name("remote_agent.bash")


class MissingSecret(Exception):
    """A secret that a component or an environment needs and the master does not have."""


@dataclass(frozen=True)
class CommandResult:
    """How a verb ended."""

    result: int
    """One of Buildbot's results, such as SUCCESS."""
    message: str
    live: str | None
    """The digest of the release that is live now, if it is known."""


class AgentStep(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """One verb of the agent on the worker's own machine; the UI shows its last line."""

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
        """The files that the verb needs, by the agent's option for each."""
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        try:
            context = await self.create_context()
            outcome = await self.run_verb(context.model_dump_json())
        except MissingSecret as missing:
            self.descriptionDone = str(missing)
            return FAILURE
        self.descriptionDone = outcome.message
        if outcome.live:
            self.setProperty("live", outcome.live, self.name)
        return outcome.result

    async def run_verb(self, context: str) -> CommandResult:
        options = [word for option, file in self.files.items() for word in (f"--{option}", file)]
        command = await self.run_on_worker([PROGRAM, *self.arguments(self.verb), *options], context)
        self.set_agent_properties(command.stdout)
        output = command.stderr if command.didFail() else command.stdout
        current = CURRENT.search(command.stdout)
        return CommandResult(
            command.results(),
            last_line(output) or f"{self.verb} ended without a word",
            current[1] if current else None,
        )

    async def run_on_worker(self, command: list[str], stdin: str) -> RemoteShellCommand:
        """Run a command on the worker and keep its output."""
        remote: RemoteShellCommand = await self.makeRemoteShellCommand(
            command=command,
            initialStdin=stdin,
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
        )
        await self.runCommand(remote)
        return remote

    def arguments(self, verb: str) -> list[str]:
        """The verb, the component, and the chosen release; `abandon` needs no release."""
        if verb == "abandon":
            return [verb, self.component.name]
        words = [verb, self.component.name, self.getProperty("digest")]
        if verb == "switch" and (configuration := self.getProperty(CONFIGURATION)):
            words += ["--configuration", configuration]
        return words

    def set_agent_properties(self, output: str) -> None:
        """Keep the values that the agent printed as properties of the build."""
        for line in PROPERTIES.findall(output):
            for name, value in json.loads(line).items():
                if name in ALLOWED_PROPERTIES:
                    self.setProperty(name, value, self.name)

    async def create_context(self) -> EnvironmentContext:
        """What the environment adds to the release; raises MissingSecret."""
        secrets = {
            name: await self.render_secret(self.environment.secret(self.component, name))
            for name in (self.component.secrets if self.verb in WITH_SECRETS else ())
        }
        context = EnvironmentContext.of(self.environment, self.component)
        return context.model_copy(update={"deployment": self.build.number, "secrets": secrets})

    async def render_secret(self, name: str) -> str:
        """One secret of this environment, which Buildbot hides in the logs from now on.

        Raises MissingSecret.
        """
        try:
            return str(await self.build.render(Secret(name)))
        except UnusableSecret as unusable:
            raise MissingSecret(str(unusable)) from None
        except KeyError:
            user = f"{self.component.name} in {self.environment.name}"
            raise MissingSecret(f"secret '{name}' is missing: {user} needs it") from None


class RemoteAgentStep(AgentStep):
    """The same verb on several servers at once, over SSH; a switch succeeds on all or on none."""

    def __init__(self, hosts: Mapping[str, ServerAddress], *args: Any, **kwargs: Any) -> None:
        self.hosts = hosts
        super().__init__(*args, **kwargs)

    async def run_verb(self, context: str) -> CommandResult:
        if self.verb == "abandon":
            # Servers keep what was decided. What was not, the master decides for all of them.
            return await self.ask_servers(context, "abandon", *self.undo_flags())
        if self.verb != "switch":
            return await self.ask_servers(context, self.verb)
        switch = await self.ask_servers(context, "switch", "--together")
        if switch.result == SUCCESS and not self.stopped:
            return await self.keep_release(context)
        undo = await self.ask_servers(context, "abandon", *self.undo_flags())
        extent = "all return" if undo.result == SUCCESS else "not all returned"
        message = f"{switch.message}; {extent}: {undo.message}"
        return CommandResult(switch.result, message, undo.live)

    def undo_flags(self) -> tuple[str, ...]:
        """The flag that undoes this build's switch, unless the release is to be kept."""
        digest = self.getProperty("digest")
        return () if self.getProperty(DECIDED) or not digest else ("--switched", digest)

    async def keep_release(self, context: str) -> CommandResult:
        """Make a release final that every server has verified.

        It is live from then on, also on a server that does not receive this message.
        """
        self.setProperty(DECIDED, True, self.name)
        for _ in range(KEEP_ATTEMPTS):
            keep = await self.ask_servers(context, "keep")
            if keep.result == SUCCESS:
                break
        return CommandResult(keep.result, keep.message, self.getProperty("digest"))

    async def ask_servers(self, context: str, verb: str, *flags: str) -> CommandResult:
        """Run a verb on all servers; the messages of those that failed, or of all."""
        key = await self.render_secret(self.environment.ssh_secret)
        files = " ".join(self.files.values())
        known_hosts = "\n".join(host.known_hosts_line for host in self.hosts.values())
        addresses = [f"{name}={host.address}" for name, host in self.hosts.items()]
        arguments = " ".join([*self.arguments(verb), *flags])
        script = ["ssh-agent", "bash", "-c", SCRIPT.read_text("utf-8"), SCRIPT.stem]
        command = await self.run_on_worker(
            [*script, known_hosts, arguments, files, *addresses], f"{key.strip()}\n{context}"
        )
        output = lines_by_server(command.stdout, self.hosts)
        errors = lines_by_server(command.stderr, self.hosts)
        live = common_release(output)
        for text in reversed(output.values()):  # that of the first server counts
            self.set_agent_properties(text)
        if command.results() != SUCCESS:  # an interrupted command has neither failed nor succeeded
            failed = {name: errors[name] for name in self.hosts if errors[name]}
            return CommandResult(command.results(), summary(failed, command.stderr), live)
        if silent := [name for name in self.hosts if not last_line(output[name])]:
            return CommandResult(FAILURE, f"{', '.join(silent)}: {verb} ended without a word", None)
        return CommandResult(SUCCESS, summary(output, ""), live)


def lines_by_server(text: str, names: Mapping[str, object]) -> dict[str, str]:
    """The output of each server, whose lines begin with its name."""
    lines = [line.partition(": ") for line in text.splitlines()]
    return {name: "\n".join(rest for server, _, rest in lines if server == name) for name in names}


def summary(output: Mapping[str, str], default: str) -> str:
    """The last line of each server, once if all are equal."""
    last = {name: last_line(text) for name, text in output.items()}
    if len(last) > 1 and len(set(last.values())) == 1:
        return f"{', '.join(last)}: {next(iter(last.values()))}"
    each = "; ".join(f"{name}: {line}" for name, line in last.items())
    return each or last_line(default) or "no server said a word"


def common_release(output: Mapping[str, str]) -> str | None:
    """The release that is live on every server; None when they differ or one names none."""
    releases = {match[1] if (match := CURRENT.search(text)) else None for text in output.values()}
    return releases.pop() if len(releases) == 1 else None
