"""How a component's tree is made and worked on: the steps that a build and a trial share."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from buildbot.process.buildstep import BuildStep
from buildbot.process.properties import Interpolate
from buildbot.process.results import SKIPPED
from buildbot.steps.shell import ShellCommand

from model.component import Component
from steps import submodules
from steps.checkout import TREE, CheckOut, CollectOutput
from steps.dependencies import installation, verification
from steps.lint import LintChanges
from steps.overlays import LayOverlays
from steps.submodules import FetchSubmodules

StepOptions = Callable[[str], dict[str, Any]]
"""From a step's own name to what else it is told: another name, when to run, what to halt."""


def default_options(name: str) -> dict[str, Any]:
    """As in a build: the first step that fails ends it."""
    return {"name": name, "haltOnFailure": True}


def post_patch_steps(
    component: Component, folder: Path, step_options: StepOptions = default_options
) -> list[BuildStep]:
    """What follows upstream and series: submodules, overlays, and lint of what we changed."""
    overlays, lints = bool(component.overlays), component.runtime == "php" and component.changed
    filling = step_options("fetch-submodules")
    runs = filling.get("doStepIf", always)

    def wanted(step: BuildStep) -> bool:
        return runs(step) and submodules.wanted(step)

    return [
        FetchSubmodules(component, folder, **filling | {"doStepIf": wanted, "hideStepIf": skipped}),
        *([LayOverlays(component, folder, **step_options("lay-overlays"))] if overlays else []),
        *([LintChanges(**step_options("lint-changes"))] if lints else []),
    ]


def component_commands(
    component: Component, step_options: StepOptions = default_options
) -> list[BuildStep]:
    """The component's own commands: what makes it, and what tests it."""
    makes = component.locks or component.build
    output = component.output or "."
    return [
        *([CheckOut(**step_options("check-out"))] if makes or component.test else []),
        *(
            run(command, folder, **step_options(name))
            for lock in component.locks
            for name, found in (
                ("verify-lock", verification(lock)),
                ("install-dependencies", installation(lock)),
            )
            if found
            for command, folder in [found]
        ),
        *(run(command, **step_options("build")) for command in component.build),
        *([CollectOutput(output, **step_options("collect-output"))] if makes else []),
        *(run(command, **step_options("test")) for command in component.test),
    ]


def run(command: tuple[str, ...], folder: str = "", **more: Any) -> ShellCommand:
    """A command of `component.toml`, in the built tree; its clock is the upstream's date."""
    shown = textwrap.shorten(" ".join(command), 60)
    return ShellCommand(
        command=list(command),
        workdir=f"build/{TREE}/{folder}".rstrip("/"),
        env={"SOURCE_DATE_EPOCH": Interpolate("%(prop:upstream-date)s")},
        logEnviron=False,
        description=f"running {shown}",
        descriptionDone=shown,
        **more,
    )


def always(_step: BuildStep) -> bool:
    return True


def skipped(results: int, _step: BuildStep) -> bool:
    return results == SKIPPED
