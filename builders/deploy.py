"""Make one release live in one environment: deploy, promote, roll back, hold, lift a hold."""

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
from steps.send import SendFile


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
        name: str, verb: str, condition: Callable[[BuildStep], bool], **options: Any
    ) -> AgentStep:
        options |= {"name": name, "doStepIf": condition, "hideStepIf": skipped}
        if hosts:
            return RemoteAgentStep(hosts, verb, component, environment, **options)
        return AgentStep(verb, component, environment, **options)

    files = {"artifact": ARTIFACT, "provenance": PROVENANCE}
    return BuildFactory(
        [
            ChooseRelease(site, component, environment, store),
            send("send-artifact", f"{store.artifact('%(prop:digest)s')}", ARTIFACT),
            send("send-provenance", f"{store.provenance('%(prop:digest)s')}", PROVENANCE),
            agent_step("unpack-and-configure", "prepare", may_be_new, files=files),
            agent_step("rehearse", "rehearse", may_be_new),
            agent_step("switch", "switch", has_release),
            agent_step("clean-up", "abandon", has_failed, alwaysRun=True),
        ]
    )


def send(name: str, source: str, target: str) -> SendFile:
    return SendFile(
        Interpolate(source),
        target,
        name=name,
        blocksize=BLOCK,
        mode=0o600,
        doStepIf=may_be_new,
        hideStepIf=skipped,
    )


def has_release(step: BuildStep) -> bool:
    """Whether the rules chose a release."""
    return step.getProperty("digest") is not None


def may_be_new(step: BuildStep) -> bool:
    """Whether the servers may lack the release; they have the one that a rollback returns to."""
    return has_release(step) and step.getProperty("action") != Action.ROLL_BACK


def has_failed(step: BuildStep) -> bool:
    return step.build is not None and step.build.results not in (None, SUCCESS, SKIPPED)
