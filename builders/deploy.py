"""Make one release live in one environment: deploy, promote, roll back, release a hold."""

from collections.abc import Callable, Mapping
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.locks import MasterLock
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Interpolate
from buildbot.process.results import SKIPPED, SUCCESS

from builders.choice import ready_first
from builders.tree import skipped
from model.component import Component
from model.environment import Environment
from model.installation import Installation, ServerAddress
from model.release import ARTIFACT, PROVENANCE
from model.site import Site
from releases.history import Action
from releases.store import Store
from steps.agent_step import AgentStep, RemoteAgentStep
from steps.choose_release import ChooseRelease
from steps.git import BLOCK
from steps.send import Send


def builder(
    component: Component,
    environment: Environment,
    site: Site,
    installation: Installation,
    store: Store,
) -> BuilderConfig:
    name = environment.builder(component)
    source = environment.promotes_from or "every green build"
    hosts = installation.servers.get(environment.name, {})
    return BuilderConfig(
        name=name,
        project=component.name,
        description=f"{component.title} at {environment.url(component)}, from {source}",
        workernames=[environment.worker],
        nextWorker=ready_first,
        tags=[environment.name],
        factory=recipe(component, environment, site, store, hosts),
        collapseRequests=False,
        locks=[MasterLock(name).access("exclusive")],
    )


def recipe(
    component: Component,
    environment: Environment,
    site: Site,
    store: Store,
    hosts: Mapping[str, ServerAddress],
) -> BuildFactory:
    def agent_step(
        name: str, verb: str, runs: Callable[[BuildStep], bool], **more: Any
    ) -> AgentStep:
        common = {"name": name, "doStepIf": runs, "hideStepIf": skipped, **more}
        if hosts:
            return RemoteAgentStep(hosts, verb, component, environment, **common)
        return AgentStep(verb, component, environment, **common)

    files = {"artifact": ARTIFACT, "provenance": PROVENANCE}
    return BuildFactory(
        [
            ChooseRelease(site, component, environment, store),
            send("send-artifact", f"{store.artifact('%(prop:digest)s')}", ARTIFACT),
            send("send-provenance", f"{store.provenance('%(prop:digest)s')}", PROVENANCE),
            agent_step("unpack-and-configure", "prepare", arrives, files=files),
            agent_step("back-up-and-migrate", "migrate", arrives),
            agent_step("check-before-the-switch", "check", arrives),
            agent_step("switch", "switch", moves),
            agent_step("clean-up", "abandon", failed, alwaysRun=True),
        ]
    )


def send(name: str, source: str, target: str) -> Send:
    return Send(
        Interpolate(source),
        target,
        name=name,
        blocksize=BLOCK,
        mode=0o600,
        doStepIf=arrives,
        hideStepIf=skipped,
    )


def moves(step: BuildStep) -> bool:
    """Whether the rules chose a release at all."""
    return step.getProperty("digest") is not None


def arrives(step: BuildStep) -> bool:
    """Whether the release may be new to the servers; a rollback needs nothing but the switch."""
    return moves(step) and step.getProperty("action") != Action.ROLL_BACK


def failed(step: BuildStep) -> bool:
    return step.build is not None and step.build.results not in (None, SUCCESS, SKIPPED)
