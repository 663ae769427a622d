"""Try our changes on the newest upstream release and on its main branch; never deploy."""

from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.results import SKIPPED, SUCCESS, WARNINGS

from builders.choice import newest_is_enough, ready_first
from builders.tree import StepOptions, component_commands, post_patch_steps, skipped
from model.component import Component
from model.installation import Installation
from model.site import Site
from releases.trial import Target
from steps.offer import OfferUpgrade, newest_release_fits
from steps.report import ReportTrials
from steps.targets import TARGETS, FindReleases
from steps.trial import TrySeries


def builders(site: Site, installation: Installation, workers: list[str]) -> list[BuilderConfig]:
    """One builder for each component that has trials."""
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
        collapseRequests=newest_is_enough,
    )


def recipe(component: Component, site: Site, installation: Installation) -> BuildFactory:
    folder = site.component_folder(component)
    return BuildFactory(
        [
            FindReleases(component, folder),
            *(step for target in Target for step in trial_steps(component, folder, target)),
            ReportTrials(component),
            OfferUpgrade(
                component,
                folder,
                installation.site_repository,
                doStepIf=newest_release_fits,
                hideStepIf=skipped,
            ),
        ]
    )


def trial_steps(component: Component, folder: Path, target: Target) -> list[BuildStep]:
    """The series on one target, then the steps of a build until it packs."""
    step_options = trial_options(target)
    return [
        TrySeries(component, folder, target, doStepIf=has_target(target), **trial_outcome(target)),
        *post_patch_steps(component, folder, step_options),
        *component_commands(component, step_options),
    ]


def trial_outcome(target: Target) -> dict[str, Any]:
    """Options by which a failure ends its own trial only; on the main branch it is a warning."""
    return {
        "haltOnFailure": False,
        "flunkOnFailure": target is not Target.MAIN,
        "warnOnFailure": True,
        "updateBuildSummaryPolicy": [],  # the report summarises the build
        "hideStepIf": skipped,
    }


def trial_options(target: Target) -> StepOptions:
    """The options of a trial's steps: its target in their names, skipped after a failure."""

    def step_options(name: str) -> dict[str, Any]:
        return trial_outcome(target) | {
            "name": f"{name}-{target}",
            "doStepIf": has_no_failure(target),
        }

    return step_options


def has_target(target: Target) -> Any:
    """Whether upstream has this target."""
    return lambda step: target in step.getProperty(TARGETS)


def has_no_failure(target: Target) -> Any:
    """Whether the trial has started, and no step of it has failed."""

    def condition(step: BuildStep) -> bool:
        executed = step.build.executedSteps if step.build else []
        before = [s for s in executed if target.includes_step(s.name)]
        passed = all(s.results in (SUCCESS, WARNINGS, SKIPPED, None) for s in before)
        return passed and any(s.name == f"try-{target}" and s.results != SKIPPED for s in before)

    return condition
