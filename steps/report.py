"""Report what was tried: in a sentence, and as a property from which the site's table is made."""

from datetime import UTC, datetime
from typing import Any

from buildbot.process.results import FAILURE, SKIPPED, SUCCESS, WARNINGS
from buildbot.util.twisted import async_to_deferred

from model.component import Component
from releases.trial import STANDING, TRIAL_PROPERTY, Report, Target, Trial
from steps.step import Step
from steps.targets import TARGETS, FindReleases
from steps.tree_step import called

PASSED = (SUCCESS, WARNINGS, SKIPPED)


class ReportTrials(Step):
    """The last step of a trial's build; its sentence becomes the build's."""

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
        offered = self.getProperty(TARGETS)
        unasked = next(step for step in steps if step["name"] == FindReleases.name)
        report = Report(
            component=self.component.name,
            when=datetime.now(UTC),
            trials=tuple(
                self.trial(target, steps) for target in Target if target in (offered or ())
            ),
            unknown="" if offered else unasked["state_string"].removesuffix(" (failure)"),
        )
        self.setProperty(TRIAL_PROPERTY, report.model_dump(mode="json"), self.name)
        self.descriptionDone = str(report)
        fits = offered and all(trial.fits for trial in report.trials)
        return SUCCESS if fits else FAILURE

    def trial(self, target: Target, steps: list[dict[str, Any]]) -> Trial:
        """What `try-<target>` found, with the first of the trial's steps that failed otherwise."""
        ref, commit = self.getProperty(TARGETS)[target]
        untried = {"target": target, "release": called(ref, commit), "commit": commit}
        found = self.getProperty(f"tried-{target}")
        verdicts = {patch["verdict"] for patch in found["patches"]} if found else set()
        failed = [
            f"{name.partition(f'-{target}')[0]}: {step['state_string']}".removesuffix(" (failure)")
            for step in steps
            if target.tried_by(name := step["name"])
            # The verdicts say already why the series itself does not apply.
            and not (name == f"try-{target}" and verdicts & {*STANDING})
            and step["results"] not in (None, *PASSED)
        ]
        return Trial.model_validate((found or untried) | {"failed": failed[0] if failed else ""})
