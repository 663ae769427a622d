"""Debian's next WordPress and MediaWiki in place of what is live, with our patches and visitors.

A team takes the line that the trial offers; where a patch needs rebasing, git does it. The
applications migrate their databases themselves, while visitors write.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.whole.line import Line, until
from tests.whole.test_trial import git, newest, series, work_tree
from tests.whole.test_writes import lost, stored
from tests.whole.writers import Browser, comment, writing

pytestmark = pytest.mark.drill
VERSIONS = {
    "blog": ("/feed/", r"<generator>https://wordpress\.org/\?v=([\d.]+)</generator>"),
    "docs": (
        "/api.php?action=query&meta=siteinfo&format=json",
        r'"generator":"MediaWiki ([\d.]+)"',
    ),
}
"""Where each application names its version."""
SERIES = {"blog": "6.1.*", "docs": "1.39.*"}
"""What the demo follows; the tests below take these components to the next series."""


def version(line: Line, environment: str, component: str) -> str:
    path, pattern = VERSIONS[component]
    body = line.page(environment, component, path).body
    found = re.search(pattern, body)
    assert found, body[:500]
    return found[1]


def take(line: Line, component: str, release: str) -> None:
    """The commit of a team: the newer series, and what has to change with it."""
    folder = line.site.folder / "components" / component
    file = folder / "component.toml"
    text = file.read_text().replace(f'"{SERIES[component]}"', f'"{series(release)}"')
    if component == "docs":
        # The wiki's skin and extension have a branch for each MediaWiki.
        branch = f"REL{series(release).removesuffix('.*').replace('.', '_')}"
        text = text.replace('branch = "REL1_39"', f'branch = "{branch}"')
        rebase(line, folder / "patches", release)
    file.write_text(text)


def rebase(line: Line, patches: Path, release: str) -> None:
    """Write the patches again, on top of a release."""
    clone = work_tree(line, "docs")
    git(line, clone, "checkout", "-q", release)
    git(line, clone, "am", "-q", "--3way", *map(str, sorted(patches.iterdir())))
    for patch in patches.iterdir():
        patch.unlink()
    git(line, clone, "format-patch", "-q", "-o", str(patches), release)


def wait_for_writes(count: int, texts: list[str]) -> None:
    seen = len(texts)
    until(lambda: len(texts) >= seen + count, f"{count} writes")


@pytest.fixture(scope="module", params=SERIES)
def component(request: pytest.FixtureRequest, line: Line) -> str:
    """A component whose older release is live everywhere."""
    name = str(request.param)
    line.idle()
    if line.live("production", name) != line.live("staging", name):
        line.promote(name)
    return name


def test_staging_takes_the_upgrade_and_migrates_while_a_visitor_writes(
    line: Line, component: str
) -> None:
    release, older = newest(line, component), version(line, "staging", component)
    assert older.startswith(SERIES[component].removesuffix("*"))
    before = line.number(f"{component}-staging")
    with writing(line, component, f"staged {component}", "staging") as written:
        wait_for_writes(3, written.acknowledged)
        take(line, component, release)
        built = line.number(f"{component}-build")
        line.run()
        assert line.finished(f"{component}-build", built)["results"] == 0
        done = line.finished(f"{component}-staging", before)
        assert done["results"] == 0, line.said(done)
        wait_for_writes(1, written.acknowledged)
    assert version(line, "staging", component) == release
    assert version(line, "production", component) == older
    assert changed(line, done)
    assert written.refused
    assert written.failed == []
    assert lost(line, component, written, "staging") == []


def test_production_is_promoted_and_keeps_what_a_visitor_wrote(line: Line, component: str) -> None:
    line.idle()
    with writing(line, component, f"promoted {component}") as written:
        wait_for_writes(3, written.acknowledged)
        done = line.promote(component)
        wait_for_writes(1, written.acknowledged)
    assert version(line, "production", component) == newest(line, component)
    assert changed(line, done)
    assert written.refused
    assert written.failed == []
    assert lost(line, component, written) == []
    for check in line.site.component(component).checks:
        assert (check.contains or "") in line.page("production", component, check.path).body
    print(f"{component}: writes were refused for {written.seconds_refused:.1f} s")


def test_the_older_wordpress_works_with_the_migrated_database(line: Line) -> None:
    """Whoever logged in to the newer one is logged out: it stores passwords in a way of its own."""
    release = version(line, "production", "blog")
    with writing(line, "blog", "returned blog") as written:
        wait_for_writes(3, written.acknowledged)
        done = line.pressed("roll-back-production", "blog-production")
    assert done["results"] == 0, line.said(done)
    assert version(line, "production", "blog").startswith("6.1.")
    stranger = Browser(line, "production", "blog")
    author = {"author": "Ana", "email": "ana@example.invalid"}

    def is_stored() -> bool:
        """WordPress refuses comments of a stranger within 15 seconds of another comment."""
        return comment(stranger, "the older one has this", **author).status == 302

    until(is_stored, "a comment of a stranger")
    line.pressed("lift-hold-production", "blog-production")
    line.promote("blog")
    assert version(line, "production", "blog") == release
    assert "the older one has this" in stored(line, "blog")
    assert lost(line, "blog", written) == []


def test_the_older_mediawiki_does_not_and_its_rollback_is_refused(line: Line) -> None:
    release, live = version(line, "production", "docs"), line.live("production", "docs")
    with writing(line, "docs", "stayed docs") as written:
        wait_for_writes(3, written.acknowledged)
        done = line.pressed("roll-back-production", "docs-production")
        wait_for_writes(3, written.acknowledged)
    assert done["results"] == 2
    reason = line.said(done)["switch"]
    assert reason.startswith("GET /wiki/Main_Page -> 500")
    assert reason.endswith(f"{str(live)[:12]} stays live")
    assert version(line, "production", "docs") == release
    assert lost(line, "docs", written) == []


def changed(line: Line, build: dict[str, Any]) -> list[str]:
    """The tables whose definition or rows a deployment's migration changed."""
    migration = line.properties(build)["migration"]
    return [*migration["definitions"], *migration["rows"]]
