"""The steps that a build and a trial share: complete a component's tree, and test it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import BuildStep
from buildbot.process.results import SKIPPED

from model.component import Component
from steps import submodules
from steps.checkout import CheckOut, CollectOutput
from steps.component_command import ComponentCommand
from steps.dependencies import install_command, verify_command
from steps.lint import LintChanges
from steps.overlays import LayOverlays
from steps.submodules import FetchSubmodules

StepOptions = Callable[[str], dict[str, Any]]
"""From a step's name to its options: another name, when to run, whether a failure halts."""


def default_options(name: str) -> dict[str, Any]:
    """As in a build: the first step that fails ends it."""
    return {"name": name, "haltOnFailure": True}


def post_patch_steps(
    component: Component, folder: Path, step_options: StepOptions = default_options
) -> list[BuildStep]:
    """The steps after upstream and series: submodules, overlays, lint of our changes."""
    overlays, lints = bool(component.overlays), component.runtime == "php" and component.has_changes
    options = step_options("fetch-submodules")
    runs = options.get("doStepIf", always)

    def is_needed(step: BuildStep) -> bool:
        return runs(step) and submodules.are_needed(step)

    options |= {"doStepIf": is_needed, "hideStepIf": skipped}
    return [
        FetchSubmodules(component, folder, **options),
        *([LayOverlays(component, folder, **step_options("lay-overlays"))] if overlays else []),
        *([LintChanges(**step_options("lint-changes"))] if lints else []),
    ]


def component_commands(
    component: Component, step_options: StepOptions = default_options
) -> list[BuildStep]:
    """The component's own commands: install, build, test."""
    builds = component.locks or component.build
    output = component.output or "."
    return [
        *([CheckOut(**step_options("check-out"))] if builds or component.test else []),
        *(
            ComponentCommand(command, folder, **step_options(name))
            for lock in component.locks
            for name, install in (
                ("verify-lock", verify_command(lock)),
                ("install-dependencies", install_command(lock)),
            )
            if install
            for command, folder in [install]
        ),
        *(ComponentCommand(command, **step_options("build")) for command in component.build),
        *([CollectOutput(output, **step_options("collect-output"))] if builds else []),
        *(ComponentCommand(command, **step_options("test")) for command in component.test),
    ]


def always(_step: BuildStep) -> bool:
    return True


def skipped(results: int, _step: BuildStep) -> bool:
    return results == SKIPPED
