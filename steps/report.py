"""Report the trials of a build: in a sentence, and as a property that the UI's table shows."""

from datetime import UTC, datetime
from typing import Any

from buildbot.process.results import FAILURE, SKIPPED, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from releases.trial import NEEDS_REBASE, TRIAL_PROPERTY, Report, Target, Trial
from steps.step import Step
from steps.targets import TARGETS, FindReleases
from steps.tree_step import ref_label

PASSED = (SUCCESS, WARNINGS, SKIPPED)


class ReportTrials(Step):
    """The last step of a trial's build; its summary becomes the build's."""

    name = "report"
    updateBuildSummaryPolicy = True
    flunkOnFailure = False
    alwaysRun = True

    def __init__(self, component: Component, **kwargs: Any) -> None:
        self.component = component
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        steps = await self.master.data.get(("builds", self.build.buildid, "steps"))
        targets = self.getProperty(TARGETS)
        find_releases = next(step for step in steps if step["name"] == FindReleases.name)
        report = Report(
            component=self.component.name,
            when=datetime.now(UTC),
            trials=tuple(
                self.trial(target, steps) for target in Target if target in (targets or ())
            ),
            unknown="" if targets else find_releases["state_string"].removesuffix(" (failure)"),
        )
        self.setProperty(TRIAL_PROPERTY, report.model_dump(mode="json"), self.name)
        self.descriptionDone = str(report)
        fits = targets and all(trial.fits for trial in report.trials)
        return SUCCESS if fits else FAILURE

    def trial(self, target: Target, steps: list[dict[str, Any]]) -> Trial:
        """The result of `try-<target>`, with the first of the other steps that failed."""
        ref, commit = self.getProperty(TARGETS)[target]
        untried = {"target": target, "release": ref_label(ref, commit), "commit": commit}
        result = self.getProperty(f"tried-{target}")
        verdicts = {patch["verdict"] for patch in result["patches"]} if result else set()
        failed = [
            f"{name.partition(f'-{target}')[0]}: {step['state_string']}".removesuffix(" (failure)")
            for step in steps
            if target.includes_step(name := step["name"])
            # The verdicts already tell why the series does not apply.
            and not (name == f"try-{target}" and verdicts & {*NEEDS_REBASE})
            and step["results"] not in (None, *PASSED)
        ]
        return Trial.model_validate((result or untried) | {"failed": failed[0] if failed else ""})
