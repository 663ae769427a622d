"""Every builder and its steps, reviewed: regenerate with `python -m tests.test_plan`."""

import os
import tempfile
from pathlib import Path

from buildbot.config.master import FileLoader, MasterConfig

from tests.conftest import ROOT, installation

PLAN = Path(__file__).with_name("plan.txt")


def plan(config: MasterConfig) -> str:
    lines = []
    for builder in sorted(config.builders, key=lambda builder: builder.name):
        lines.append(builder.name)
        lines += [f"  {step.buildStep().name}" for step in builder.factory.steps]
    return "\n".join(lines) + "\n"


def test_the_plan_is_the_reviewed_one(config: MasterConfig) -> None:
    assert plan(config) == PLAN.read_text()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(installation(Path(folder)))
        PLAN.write_text(plan(FileLoader(str(ROOT), "master.cfg").loadConfig()))
