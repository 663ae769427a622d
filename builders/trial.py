"""Try our changes on what upstream offers, now and before anybody asks; it never deploys."""

from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SKIPPED, SUCCESS, WARNINGS

from builders.choice import ready_first
from builders.tree import StepOptions, component_commands, post_patch_steps, skipped
from model.component import Component
from model.installation import Installation
from model.site import Site
from releases.trial import Target
from steps.offer import Offer, fits
from steps.report import ReportTrials
from steps.targets import TARGETS, FindReleases
from steps.trial import TrySeries


def builders(site: Site, installation: Installation, workers: list[str]) -> list[BuilderConfig]:
    """One for each component whose upstream has releases."""
    return [builder(component, site, installation, workers) for component in site.trial_components]


def builder(
    component: Component, site: Site, installation: Installation, workers: list[str]
) -> BuilderConfig:
    return BuilderConfig(
        name=component.trial_builder,
        project=component.name,
        description=f"{component.title}: our changes on upstream's newest release and main branch",
        workernames=workers,
        nextWorker=ready_first,
        tags=["upstream"],
        factory=recipe(component, site, installation),
    )


def recipe(component: Component, site: Site, installation: Installation) -> BuildFactory:
    folder = site.component_folder(component)
    return BuildFactory(
        [
            FindReleases(component, folder),
            *(step for target in Target for step in trial(component, folder, target)),
            ReportTrials(component),
            Offer(
                component, folder, installation.site_repository, doStepIf=fits, hideStepIf=skipped
            ),
        ]
    )


def trial(component: Component, folder: Path, target: Target) -> list[BuildStep]:
    """The series on one target, then everything that a build would do to it before packing."""
    step_options = in_trial(target)
    return [
        TrySeries(component, folder, target, doStepIf=offered(target), **outcome(target)),
        *post_patch_steps(component, folder, step_options),
        *component_commands(component, step_options),
    ]


def outcome(target: Target) -> dict[str, Any]:
    """A failure ends only its own trial; on upstream's main branch it is a warning."""
    return {
        "haltOnFailure": False,
        "flunkOnFailure": target is not Target.MAIN,
        "warnOnFailure": True,
        "updateBuildSummaryPolicy": [],  # the report's sentence is the build's
        "hideStepIf": skipped,
    }


def in_trial(target: Target) -> StepOptions:
    """The manner of a trial's steps: named after it, and left out once one has failed."""

    def step_options(name: str) -> dict[str, Any]:
        return outcome(target) | {"name": f"{name}-{target}", "doStepIf": unbroken(target)}

    return step_options


def offered(target: Target) -> Any:
    """Whether upstream has such a thing at all."""
    return lambda step: target in step.getProperty(TARGETS)


def unbroken(target: Target) -> Any:
    """Whether the trial was begun, and has not failed so far."""

    def so_far(step: BuildStep) -> bool:
        executed = step.build.executedSteps if step.build else []
        before = [s for s in executed if target.tried_by(s.name)]
        good = all(s.results in (SUCCESS, WARNINGS, SKIPPED, None) for s in before)
        return good and any(s.name == f"try-{target}" and s.results != SKIPPED for s in before)

    return so_far
