"""From a push to production and back, with real WordPress and MediaWiki."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.layout import CHECKOUT
from local.secrets import WEBHOOK
from local.ui_passwords import passwords
from releases.provenance import verify
from releases.store import Store
from tests.whole.line import Line, until

COMPONENTS = ("accounts", "blog", "docs", "notes", "specs")


@pytest.fixture(scope="module", autouse=True)
def the_same_site_afterwards(line: Line) -> Iterator[None]:
    """What these tests write into the site's files is gone in the end."""
    site = line.layout.site
    kept = site.with_name("kept")
    shutil.copytree(site, kept)
    yield
    shutil.rmtree(site)
    kept.rename(site)
    line.run()
    line.idle()


def change(line: Line, component: str) -> str:
    """`make change COMPONENT=…`; the digest that staging serves then."""
    builder = f"{component}-staging"
    before, served = line.number(builder), line.live("staging", component)
    line.made("change", COMPONENT=component)
    staged = line.finished(builder, before)
    assert staged["results"] == 0, line.said(staged)
    line.idle()
    found = line.live("staging", component)
    assert found not in (served, None)
    return str(found)


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_first_releases_reach_staging_by_themselves(line: Line, component: str) -> None:
    for check in line.site.component(component).checks:
        answer = line.page("staging", component, check.path)
        assert answer.status == check.status
        assert (check.contains or "") in answer.body
    store = Store(folder=line.layout.store)
    digest = line.live("staging", component)
    assert digest is not None
    envelope = store.provenance(digest).read_bytes()
    provenance = verify(envelope, line.layout.signing_key.read_text())
    assert provenance.component == component
    assert len(provenance.patches) == len(line.site.component(component).patches)


@pytest.mark.parametrize("component", COMPONENTS)
def test_staging_is_hidden_from_robots(line: Line, component: str) -> None:
    assert "noindex" in line.page("staging", component).headers["x-robots-tag"]
    assert "Disallow: /" in line.page("staging", component, "/robots.txt").body
    assert "max-age" in line.page("staging", component).headers["strict-transport-security"]


def test_a_push_reaches_staging_and_one_click_takes_the_same_bytes_to_production(
    line: Line,
) -> None:
    for component in COMPONENTS:
        staged = change(line, component)
        assert line.live("production", component) != staged
        build = line.promote(component)
        assert line.live("production", component) == staged
        assert line.properties(build)["digest"] == staged
        assert line.properties(build)["owner"] == "releaser"
        answer = line.page("production", component)
        assert "x-robots-tag" not in answer.headers


def test_one_click_brings_the_previous_release_back_and_holds_it(line: Line) -> None:
    first = change(line, "blog")
    line.promote("blog")
    second = change(line, "blog")
    line.promote("blog")
    assert line.live("production", "blog") == second
    builder = "blog-production"
    done = line.pressed("roll-back-production", builder)
    assert done["results"] == 0, line.said(done)
    assert line.live("production", "blog") == first
    refused = line.pressed("promote-production", builder)
    assert refused["results"] == 2
    assert "refused: on hold since" in line.said(refused)["choose-release"]
    assert "a test" in line.said(refused)["choose-release"]
    assert line.live("production", "blog") == first
    assert line.pressed("lift-hold-production", builder)["results"] == 0
    assert line.live("production", "blog") == first
    line.promote("blog")
    assert line.live("production", "blog") == second


def test_a_hold_on_staging_lets_green_builds_wait_until_it_is_lifted(line: Line) -> None:
    change(line, "specs")
    builder = "specs-staging"
    held = line.pressed("roll-back-staging", builder)
    assert held["results"] == 0, line.said(held)
    stays = line.live("staging", "specs")
    before = line.number(builder)
    line.made("change", COMPONENT="specs")
    waiting = line.finished(builder, before)
    assert "nothing moves: on hold since" in line.said(waiting)["choose-release"]
    assert line.live("staging", "specs") == stays
    line.idle()
    lifted = line.pressed("lift-hold-staging", builder)
    assert lifted["results"] == 0, line.said(lifted)
    newest = line.properties(line.builds("specs-build")[0])["digest"]
    assert line.live("staging", "specs") == newest


def test_an_anonymous_visitor_sees_everything_and_presses_nothing(line: Line) -> None:
    before = line.number("blog-production")
    assert line.builds("blog-production")
    stranger = requests.Session()
    for button, builder in (
        ("build", "blog-build"),
        ("promote-production", "blog-production"),
        ("roll-back-production", "blog-production"),
    ):
        assert line.press(button, builder, stranger).status_code == 403
    last = line.builds("blog-production")[0]["buildid"]
    for method in ("rebuild", "stop"):
        assert line.control(f"builds/{last}", method, stranger).status_code == 403
    assert line.number("blog-production") == before


def test_production_takes_only_what_staging_verified_whatever_starts_the_build(
    line: Line,
) -> None:
    old = change(line, "specs")
    promotion = line.promote("specs")
    change(line, "specs")
    builder = "specs-production"
    other = line.pressed("promote-production", builder, wanted=old[:12])
    assert "refused: staging verified" in line.said(other)["choose-release"]
    before = line.number(builder)
    line.control(f"builds/{promotion['buildid']}", "rebuild")
    rebuilt = line.finished(builder, before)
    assert "refused: Rebuild decides nothing" in line.said(rebuilt)["choose-release"]
    before = line.number(builder)
    foreign = line.press("build", builder)
    assert foreign.status_code == 400
    assert "name one builder that build starts" in foreign.text
    line.idle()
    assert line.number(builder) == before
    assert line.live("production", "specs") == old


def test_the_component_that_the_readme_adds_is_built_and_staged(line: Line) -> None:
    readme = (CHECKOUT / "README.md").read_text()
    sample = re.search(r"`sites/demo/(components/\S+)`:\n\n```toml\n(.*?)```", readme, re.S)
    assert sample is not None
    file = line.layout.site / sample[1]
    file.parent.mkdir()
    file.write_text(sample[2])
    line.run()
    assert line.page("staging", file.parent.name).status == 200
    assert line.page("production", file.parent.name).status == 503
    line.promote(file.parent.name)
    assert line.live("production", file.parent.name) == line.live("staging", file.parent.name)


def test_a_mistake_in_a_file_keeps_the_running_configuration(line: Line) -> None:
    file = line.layout.site / "components" / "specs" / "component.toml"
    good = file.read_text()
    file.write_text(good.replace("runtime =", "runtme ="))
    refused = line.make("run")
    file.write_text(good)
    assert refused.returncode != 0
    assert (
        f"{file}: unknown key 'runtme' (did you mean 'runtime'?)" in refused.stdout + refused.stderr
    )
    assert line.live("staging", "specs")


def test_a_changed_description_is_built_by_itself(line: Line) -> None:
    before = line.number("specs-build")
    file = line.layout.site / "components" / "specs" / "component.toml"
    file.write_text(file.read_text().replace('title = "Specs"', 'title = "Specifications"'))
    line.run()
    assert line.finished("specs-build", before)["results"] == 0
    line.idle()
    assert line.number("specs-build") == before + 1


def test_two_commits_at_once_are_one_step_for_staging(line: Line) -> None:
    line.push("specs", {"two-commits.adoc": "= Both\n"}, "First of two", "Second of two")
    head = git(line.mirror("specs"), "rev-parse", "HEAD")
    build = until(lambda: built(line, "specs", head), "a build of both commits")
    line.idle()
    assert line.live("staging", "specs") == line.properties(build)["digest"]


def test_a_push_while_the_master_is_stopped_is_built_when_it_runs_again(line: Line) -> None:
    line.made("stop")
    line.push("specs", {"stopped.adoc": "= Pushed while stopped\n"}, "While it is stopped")
    head = git(line.mirror("specs"), "rev-parse", "HEAD")
    line.run("--no-wait")
    until(lambda: built(line, "specs", head), "a build of what was pushed meanwhile")
    line.idle()


def test_a_push_while_a_build_runs_is_built_too(line: Line) -> None:
    line.push("blog", {"while.txt": "one\n"}, "Starts a build")
    until(lambda: [b for b in line.builds("blog-build") if not b["complete"]], "a running build")
    line.push("blog", {"while.txt": "two\n"}, "While it runs")
    head = git(line.mirror("blog"), "rev-parse", "HEAD")
    build = until(lambda: built(line, "blog", head), "a build of the second push")
    line.idle()
    assert line.live("staging", "blog") == line.properties(build)["digest"]


def built(line: Line, component: str, commit: str) -> dict[str, object] | None:
    """The complete build that was made from a commit of the component's last source."""
    for build in line.builds(f"{component}-build")[:4]:
        materials = line.properties(build).get("materials") or [{}]
        if build["complete"] and materials[-1].get("commit") == commit:
            return build
    return None


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    trusting = os.environ | {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env=trusting | {"GIT_CONFIG_VALUE_0": "*"},
    )
    return done.stdout.strip()


def test_secrets_are_in_no_log(line: Line) -> None:
    secrets = [
        path.read_text().strip()
        for path in line.layout.secrets.iterdir()
        if path.name not in ("ui-passwords", "signing-key")
    ]
    secrets += passwords(line.layout).values()
    secrets.append((line.layout.secrets / WEBHOOK).read_text().strip())
    logs = [json.dumps(line.get(f"logs/{log['logid']}/contents")) for log in all_logs(line)]
    logs += [path.read_text(errors="replace") for path in line.layout.logs.glob("*.log")]
    assert logs
    assert not [secret for secret in secrets if any(secret in log for log in logs)]


def all_logs(line: Line) -> list[dict[str, int]]:
    """The logs of the latest build of every builder."""
    builders = [builder["name"] for builder in line.get("builders")["builders"]]
    latest = [line.builds(name)[:1] for name in builders]
    steps = [
        step
        for (build,) in filter(None, latest)
        for step in line.get(f"builds/{build['buildid']}/steps")["steps"]
    ]
    return [log for step in steps for log in line.get(f"steps/{step['stepid']}/logs")["logs"]]
