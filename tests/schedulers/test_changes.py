"""One scheduler hears of every change, and starts what the change concerns and nothing else."""

import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from buildbot.util.twisted import async_to_deferred
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from change_sources.change_key import FIRST, change_key
from model.component import Component, Source
from model.site import Site
from schedulers import merge, trial
from schedulers.built_sources import is_among
from tests.releases.ledgers import SITE, component
from tests.schedulers.small_master import SmallMaster

EXAMPLE = "https://example.org"
THEME = {"repository": f"{EXAMPLE}/theme.git", "branch": "main", "into": "themes/ours"}


def made_from(name: str, *overlays: dict[str, str], **upstream: str) -> Component:
    """A component, with its upstream and overlays."""
    described = component(name).model_dump() | {"overlays": overlays}
    described["upstream"] = {"repository": f"{EXAMPLE}/{name}.git", "branch": "main"} | upstream
    return Component.model_validate(described)


def site(*components: Component) -> Site:
    return SITE.model_copy(update={"components": components})


BLOG, DOCS, LAST = made_from("blog", THEME), made_from("docs", THEME), made_from("last")
ENGINE = Source(repository=f"{EXAMPLE}/engine.git", release="1.*")
LONG_TERM = ENGINE.model_copy(update={"tags": r"^\d+\.\d+(-lts)?$"})
"""The same repository, with other tags that count as releases."""


def pinned(name: str, source: Source) -> Component:
    """A component made from the releases of a source."""
    upstream = source.model_dump(exclude_none=True)
    return Component.model_validate(component(name).model_dump() | {"upstream": upstream})


@pytest.mark.parametrize(
    ("category", "branch", "revision", "is_taken"),
    [
        ("branch main", "main", "1" * 40, True),
        ("branch main", "main", "2" * 40, False),
        ("branch next", "next", "1" * 40, False),
        ("tags ^v", "1.10", "2" * 40, True),
        ("tags ^v", "1.9", "1" * 40, False),
    ],
)
def test_a_build_has_a_head_by_its_commit_and_a_release_by_its_name(
    category: str, branch: str, revision: str, is_taken: bool
) -> None:
    reported = {"category": category, "branch": branch, "revision": revision}
    change = SimpleNamespace(repository="r", properties=None, **reported)
    materials = [
        {"repository": "other", "release": branch, "commit": revision},
        {"repository": "r", "release": "main", "commit": "1" * 40},
        {"repository": "r", "release": "1.10", "commit": "1" * 40},
    ]
    assert is_among(change, materials) is is_taken


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in {"schedulers", "releases", "change_sources"}


class Changes(SmallMaster):
    """What is asked for when something has changed."""

    def change(
        self, source: Source, branch: str = "main", revision: str = "1" * 40, **more: Any
    ) -> Any:
        repository, category = change_key(source)
        return self.master.data.updates.addChange(
            author="Ana",
            comments="Work",
            files=[],
            branch=branch,
            revision=revision,
            repository=repository,
            category=category,
            **more,
        )

    async def asked_for(self) -> list[str]:
        """The builders of all requests before one more change, which is waited for."""
        await self.change(LAST.upstream)
        while LAST.builder not in (found := await self.requested()):
            await deferLater(reactor, 0.02)
        return [builder for builder in found if builder != LAST.builder]

    @async_to_deferred
    async def test_a_change_builds_each_component_that_it_concerns_once(self) -> None:
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [merge.scheduler(components)])
        await self.change(BLOG.overlays[0])
        assert await self.asked_for() == ["blog-build", "docs-build"]

    @async_to_deferred
    async def test_a_change_is_built_after_our_modules_were_loaded_again(self) -> None:
        """As by `master.cfg`: a scheduler of the last configuration gets functions of the new."""
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [merge.scheduler(components)])
        kept = {name: sys.modules.pop(name) for name in list(sys.modules) if is_ours(name)}
        try:
            again = import_module("schedulers.merge").scheduler(components)
        finally:
            sys.modules.update(kept)
        await self.reconfigure(components, [again])
        await self.change(BLOG.upstream)
        assert await self.asked_for() == ["blog-build"]

    @async_to_deferred
    async def test_a_change_that_concerns_no_component_builds_none(self) -> None:
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [merge.scheduler(components)])
        await self.change(BLOG.upstream.model_copy(update={"branch": "next"}), "next")
        assert await self.asked_for() == []

    @async_to_deferred
    async def test_two_changes_at_once_are_both_built(self) -> None:
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [merge.scheduler(components)])
        both = (self.change(BLOG.upstream), self.change(DOCS.upstream, revision="2" * 40))
        await gatherResults(both)
        assert await self.asked_for() == ["blog-build", "docs-build"]

    @async_to_deferred
    async def test_one_release_heard_of_in_two_ways_builds_each_component_once(self) -> None:
        components = site(pinned("one", ENGINE), pinned("two", LONG_TERM), LAST)
        await self.start(components, [merge.scheduler(components)])
        await gatherResults([self.change(source, "1.4") for source in (ENGINE, LONG_TERM)])
        assert await self.asked_for() == ["one-build", "two-build"]

    @async_to_deferred
    async def test_a_release_beyond_the_series_is_tried_and_not_built(self) -> None:
        components = site(pinned("one", ENGINE), BLOG, LAST)
        schedulers = [merge.scheduler(components), trial.released(components)]
        await self.start(components, schedulers)
        await self.change(ENGINE, "2.0")
        assert await self.asked_for() == ["one-upstream"]

    @async_to_deferred
    async def test_a_component_that_is_added_is_built_and_the_others_still_are(self) -> None:
        before, after = site(BLOG, LAST), site(BLOG, DOCS, LAST)
        await self.start(before, [merge.scheduler(before)])
        await self.change(DOCS.upstream)
        await self.reconfigure(after, [merge.scheduler(after)])
        await self.change(BLOG.overlays[0])
        await self.change(DOCS.upstream, revision="2" * 40)
        assert await self.asked_for() == ["blog-build", "docs-build", "docs-build"]

    @async_to_deferred
    async def test_a_first_head_needs_no_second_request(self) -> None:
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [merge.scheduler(components)])
        await self.change(BLOG.upstream)
        await self.change(BLOG.overlays[0], properties={FIRST: True})
        assert await self.asked_for() == ["blog-build", "docs-build"]

    @async_to_deferred
    async def test_releases_at_the_first_poll_are_built_and_only_tried_in_the_night(self) -> None:
        components = site(pinned("one", ENGINE), LAST)
        schedulers = [merge.scheduler(components), trial.released(components)]
        await self.start(components, schedulers)
        await self.change(ENGINE, "1.4", properties={FIRST: True})
        assert await self.asked_for() == ["one-build"]

    @async_to_deferred
    async def test_what_was_recorded_while_no_scheduler_was_active_is_built_once(self) -> None:
        components = site(BLOG, DOCS, LAST)
        await self.start(components, [])
        for revision in ("1" * 40, "2" * 40):
            await self.change(BLOG.upstream, revision=revision)
        await self.reconfigure(components, [merge.scheduler(components)])
        assert await self.asked_for() == ["blog-build"]

    @async_to_deferred
    async def test_a_component_that_is_removed_is_not_asked_for_any_more(self) -> None:
        before, after = site(BLOG, DOCS, LAST), site(BLOG, LAST)
        await self.start(before, [merge.scheduler(before)])
        await self.reconfigure(after, [merge.scheduler(after)])
        await self.change(BLOG.overlays[0])
        assert await self.asked_for() == ["blog-build"]
