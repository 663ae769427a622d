"""How a component's tree is made and worked on: the steps that a build and a watch share."""

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

Manner = Callable[[str], dict[str, Any]]
"""From a step's own name to what else it is told: another name, when to run, what to halt."""


def plainly(name: str) -> dict[str, Any]:
    """As in a build: the first step that fails ends it."""
    return {"name": name, "haltOnFailure": True}


def rest(component: Component, folder: Path, manner: Manner = plainly) -> list[BuildStep]:
    """What follows upstream and series: submodules, overlays, and lint of what we changed."""
    overlays, lints = bool(component.overlays), component.runtime == "php" and component.changed
    filling = manner("fetch-submodules")
    runs = filling.get("doStepIf", always)

    def wanted(step: BuildStep) -> bool:
        return runs(step) and submodules.wanted(step)

    return [
        FetchSubmodules(component, folder, **filling | {"doStepIf": wanted, "hideStepIf": skipped}),
        *([LayOverlays(component, folder, **manner("lay-overlays"))] if overlays else []),
        *([LintChanges(**manner("lint-changes"))] if lints else []),
    ]


def work(component: Component, manner: Manner = plainly) -> list[BuildStep]:
    """The component's own commands: what makes it, and what tests it."""
    makes = component.locks or component.build
    output = component.output or "."
    return [
        *([CheckOut(**manner("check-out"))] if makes or component.test else []),
        *(
            run(command, folder, **manner(name))
            for lock in component.locks
            for name, found in (
                ("verify-lock", verification(lock)),
                ("install-dependencies", installation(lock)),
            )
            if found
            for command, folder in [found]
        ),
        *(run(command, **manner("build")) for command in component.build),
        *([CollectOutput(output, **manner("collect-output"))] if makes else []),
        *(run(command, **manner("test")) for command in component.test),
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
