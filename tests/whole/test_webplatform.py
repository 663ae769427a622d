"""The real site on one machine, with some of its repositories: what can be had runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.layout import CHECKOUT
from servers import debian_releases
from tests.repositories import Repository
from tests.whole.line import ASIDE, WORKER, Line, emptied, layout, site_copy

MIRRORED = {
    "webplatform/compatibility-data": ("master", None, {"data.json": '{"css": {}}\n'}),
    "piwik/piwik": ("2.x", "2.8.0", {"index.php": "<?php echo 'Piwik';\n"}),
}
"""Branch, tag and files of the repositories that are there; their contents are the test's own."""


@pytest.fixture(scope="module")
def webplatform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    where = layout(CHECKOUT / "var" / f"test-site-{WORKER}" / "run")
    where = replace(
        where, http_port=ASIDE + 8020, worker_port=ASIDE + 8021, environments="environments-local"
    )
    line = Line(where)
    emptied(line)
    site_copy(CHECKOUT / "sites" / "webplatform", where.site)
    for name, (branch, tag, files) in MIRRORED.items():
        mirror(tmp_path_factory.mktemp("work") / "tree", where.mirrors, name, branch, tag, files)
    try:
        yield line
    finally:
        line.made("stop")


def mirror(
    tree: Path, mirrors: Path, name: str, branch: str, tag: str | None, files: dict[str, str]
) -> None:
    """Put a bare repository into the folder of mirrors, under the address it stands for."""
    work = Repository(tree)
    work.git("checkout", "-q", "-b", branch)
    work.commit(files, tag=tag)
    target = mirrors / "github.com" / f"{name}.git"
    target.parent.mkdir(parents=True, exist_ok=True)
    work.git("clone", "-q", "--bare", str(tree), str(target))


def test_what_can_be_had_runs_and_everything_else_says_what_is_missing(webplatform: Line) -> None:
    console = " ".join(webplatform.run().split())
    assert "compat on staging: is served" in console
    assert '"css"' in webplatform.page("staging", "compat", "/data.json").body
    for component in webplatform.site.components:
        missing = [
            source.repository
            for source in (*component.sources, *component.followed)
            if source.repository.removeprefix("https://github.com/").removesuffix(".git")
            not in MIRRORED
        ]
        if missing:
            build = webplatform.builds(component.builder)[0]
            assert build["results"] == 2, component.name
            assert "cannot be reached" in build["state_string"], component.name
            assert any(address in build["state_string"] for address in missing)
            assert f"{component.name} on staging: failed" in console

    staged = webplatform.builds("stats-staging")[0]
    said = webplatform.said(staged)
    assert said["unpack-and-configure"].startswith("unpacked")
    php = debian_releases.of_this_machine().php
    assert f"stats needs php 5.*; this server has {php}." in said["rehearse"]
    assert webplatform.page("staging", "stats").status == 503


def test_what_runs_is_promoted_as_on_any_site(webplatform: Line) -> None:
    webplatform.log_in()
    webplatform.promote("compat")
    assert webplatform.live("production", "compat") == webplatform.live("staging", "compat")
