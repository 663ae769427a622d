"""Upstream release + our patches + overlays -> one tested, signed artifact."""

from buildbot.config.builder import BuilderConfig
from buildbot.locks import MasterLock
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Interpolate, Property
from buildbot.steps.trigger import Trigger

from builders.choice import newest_is_enough, ready_first
from builders.tree import component_commands, post_patch_steps
from model.component import Component
from model.site import Site
from releases.history import Action
from releases.store import Store
from schedulers import trigger
from steps.fetch import FetchUpstream
from steps.git import BLOCK
from steps.pack import Pack
from steps.patches import ApplyPatches
from steps.receive import ReceiveFile
from steps.record import RecordRelease
from steps.secret_scan import ScanForSecrets


def builders(site: Site, store: Store, workers: list[str]) -> list[BuilderConfig]:
    """One for each component."""
    return [builder(component, site, store, workers) for component in site.components]


def builder(component: Component, site: Site, store: Store, workers: list[str]) -> BuilderConfig:
    return BuilderConfig(
        name=component.builder,
        project=component.name,
        description=f"{component.title}: {component.upstream.follows}, patched and packed",
        workernames=workers,
        nextWorker=ready_first,
        tags=["build"],
        factory=recipe(component, site, store),
        collapseRequests=newest_is_enough,
        locks=[MasterLock(component.builder).access("exclusive")],
    )


def recipe(component: Component, site: Site, store: Store) -> BuildFactory:
    folder = site.component_folder(component)
    return BuildFactory(
        [
            FetchUpstream(component, folder),
            ApplyPatches(component, folder),
            *post_patch_steps(component, folder),
            *component_commands(component),
            Pack(component, folder, site.hosts),
            ScanForSecrets(component),
            *store_steps(component, store),
            *trigger_steps(component, site),
        ]
    )


def store_steps(component: Component, store: Store) -> list[BuildStep]:
    """Send the artifact to the master, which signs and stores it."""
    incoming = Interpolate(f"{store.incoming(component.name)}-%(prop:buildnumber)s.tar.zst")
    return [
        ReceiveFile(
            "artifact.tar.zst",
            incoming,
            name="send-artifact",
            descriptionDone="sent to the master",
            blocksize=BLOCK,
            mode=0o644,
        ),
        RecordRelease(component, store, incoming),
    ]


def trigger_steps(component: Component, site: Site) -> list[BuildStep]:
    """Start the deployments to the environments that take every green build."""
    return [
        Trigger(
            name=f"deploy-to-{environment.name}",
            schedulerNames=[trigger.name(environment)],
            set_properties={
                **trigger.properties(component, environment),
                "action": Action.DEPLOY.value,
                "wanted": Property("recorded"),
            },
            alwaysUseLatest=True,
            waitForFinish=False,
        )
        for environment in site.environments
        if environment.promotes_from is None
    ]
