"""Kill -9 in the middle of a deployment: one release is live, and the ledger says what happened."""

import pytest

from tests.whole.line import Line, until
from tests.whole.test_line import change


def running_step(line: Line, builder: str, step: str) -> bool | None:
    """Whether a build of a builder is at a step now."""
    for build in line.builds(builder)[:1]:
        steps = line.get(f"builds/{build['buildid']}/steps")["steps"]
        return any(s["name"] == step and s["started_at"] and not s["complete"] for s in steps)
    return None


@pytest.fixture(scope="module")
def before(line: Line) -> None:
    """Production has a release to return to."""
    line.promote("docs")


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("program", ["master", "worker-production"])
def test_a_killed_deployment_ends_with_one_release_live(line: Line, program: str) -> None:
    staged = change(line, "docs")
    killed(line, program, "unpack-and-configure", staged)
    assert line.pressed("roll-back-production", "docs-production")["results"] == 0
    assert line.live("production", "docs") != staged
    line.pressed("lift-hold-production", "docs-production")
    killed(line, program, "rehearse", staged)


def killed(line: Line, program: str, step: str, staged: str) -> None:
    """Promote what is staged, kill a program while a step runs, and see what comes of it."""
    builder = "docs-production"
    before = line.number(builder)
    assert line.press("promote-production", builder).status_code == 200
    until(lambda: running_step(line, builder, step), f"{builder} at {step}")
    line.kill(program)
    line.run("--no-wait")
    line.idle()
    builds = [build for build in line.builds(builder) if build["number"] > before]
    said = [line.said(build) for build in builds]
    assert [build["results"] for build in builds] == [0, 5], f"not repeated once, then live: {said}"
    assert line.live("production", "docs") == staged
    assert {line.properties(build)["digest"] for build in builds} == {staged}
