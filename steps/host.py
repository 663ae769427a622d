"""Have the program on a component's servers do one part of a deployment."""

import re
from typing import Any

from buildbot.process.buildstep import ShellMixin
from buildbot.process.properties import Secret
from buildbot.process.results import FAILURE
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from model.environment import Environment
from model.release import Order
from steps.git import last_line
from steps.step import Step

PROGRAM = "slipway-host"
"""On the deploy worker's PATH; see `hosts/`."""

CURRENT = re.compile(r"^current: ([0-9a-f]{64})$", re.MULTILINE)
"""What the servers say is live, however the verb ended."""


class OnHost(Step, ShellMixin):  # type: ignore[misc]  # the mixin has no running build
    """One verb of the program on the servers; its last line is the outcome that people read."""

    def __init__(
        self,
        verb: str,
        component: Component,
        environment: Environment,
        arguments: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        self.verb = verb
        self.component = component
        self.environment = environment
        self.arguments = arguments
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        try:
            order = await self.order()
        except KeyError as missing:
            self.descriptionDone = str(missing.args[0])
            return FAILURE
        command = await self.makeRemoteShellCommand(
            command=[PROGRAM, self.verb, self.component.name, *self.digest(), *self.arguments],
            initialStdin=order.model_dump_json(),
            collectStdout=True,
            collectStderr=True,
            logEnviron=False,
        )
        await self.runCommand(command)
        said = command.stderr if command.didFail() else command.stdout
        self.descriptionDone = last_line(said) or f"{self.verb} ended without a word"
        if current := CURRENT.search(command.stdout):
            self.setProperty("live", current[1], self.name)
        return int(command.results())

    def digest(self) -> tuple[str, ...]:
        """The chosen release; `abandon` works without."""
        return () if self.verb == "abandon" else (self.getProperty("digest"),)

    async def order(self) -> Order:
        """What the environment adds to the release; raises KeyError naming a missing secret."""
        secrets = {
            name: await self.secret(self.environment.secret(self.component, name))
            for name in (self.component.secrets if self.verb == "prepare" else ())
        }
        order = Order.of(self.environment, self.component)
        return order.model_copy(update={"secrets": secrets})

    async def secret(self, name: str) -> str:
        """One secret of this environment, which Buildbot hides in the logs from now on."""
        try:
            return str(await self.build.render(Secret(name)))
        except KeyError:
            where = f"{self.component.name} in {self.environment.name}"
            raise KeyError(f"secret '{name}' is missing: {where} needs it") from None
