"""Every builder and its steps, reviewed: regenerate with `python -m tests.test_plan`."""

import tempfile
from pathlib import Path

import pytest
from buildbot.config.master import FileLoader, MasterConfig

from tests.conftest import ROOT, installation

PLANS = {"demo": "plan.txt", "webplatform": "plan-webplatform.txt"}


def load(site: str, folder: Path) -> MasterConfig:
    """A site's configuration, loaded as Buildbot loads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(installation(folder, ROOT / "sites" / site))
        return FileLoader(str(ROOT), "master.cfg").loadConfig()


def plan(config: MasterConfig) -> str:
    lines = []
    for builder in sorted(config.builders, key=lambda builder: builder.name):
        lines.append(builder.name)
        lines += [f"  {step.buildStep().name}" for step in builder.factory.steps]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("site", PLANS)
def test_the_plan_is_the_reviewed_one(site: str, tmp_path: Path) -> None:
    assert plan(load(site, tmp_path)) == (ROOT / "tests" / PLANS[site]).read_text()


if __name__ == "__main__":
    for site, name in PLANS.items():
        with tempfile.TemporaryDirectory() as folder:
            (ROOT / "tests" / name).write_text(plan(load(site, Path(folder))))
