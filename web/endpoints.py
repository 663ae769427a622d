"""The JSON endpoints of the Releases page; everybody may read them, and they change nothing."""

import re
import shutil
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from pydantic import BaseModel
from twisted.internet.defer import DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread

from model.retention import RETENTION_BUILDER
from model.site import Site
from releases import ledger
from releases.finished_builds import FinishedBuild, finished_builds, merges
from releases.provenance import Provenance, read_unverified
from releases.store import Store
from web.health import HealthChecks
from web.history_query import older_than, page_size
from web.json_resource import JsonResource, NotFound
from web.ledger_cache import LedgerCache
from web.running_builds import queued_requests, running_builds
from web.shared_answers import Endpoint, Query, SharedAnswers
from web.views.artifact_contents import contents
from web.views.board import BoardInputs, board
from web.views.board_model import Board
from web.views.deployments import Deployment, HistoryPage, deployment_builders, deployments
from web.views.difference import Difference, StoredRelease, difference
from web.views.disk_warnings import disk_warnings
from web.views.figures import FIGURE_PROPERTIES, Figure, figures, first_moment
from web.views.machine_report import MachinesAnswer
from web.views.store_report import StoreReport, store_report
from web.views.trials import TrialRow, trial_rows

PAGE = "releases"
"""The name of the page's plugin, below which the endpoints are."""

HOUR = 3600.0


class ReleaseDetails(BaseModel):
    """One release: what it was made from, and everything that happened to it."""

    provenance: Provenance
    stored: bool
    deployments: list[Deployment]


class ReleasesPage(BuildbotService):
    """Answers from the ledger and from what runs."""

    name = "releases-page"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.answers = SharedAnswers()
        self.changes = 0
        """Counts Buildbot's messages about what runs and what waits."""
        super().__init__(*args, **kwargs)

    @async_to_deferred
    async def reconfigService(self, site: Site, store: Store) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.store = store
        self.ledger = LedgerCache(self.master, site)
        self.answers = SharedAnswers()
        self.comparing = DeferredLock()
        self.provenance = lru_cache(maxsize=None)(self.read_provenance)
        plugin = self.master.www.apps.get(PAGE).resource
        for name, endpoint in self.endpoints().items():
            resource = JsonResource(name, endpoint, self.answers, self.master)
            plugin.putChild(name.encode(), resource)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        consume = self.master.mq.startConsuming
        self.consumers = [
            await consume(self.note_change, (kind, None, None))
            for kind in ("builds", "buildrequests", "steps")
        ]

    @async_to_deferred
    async def stopService(self) -> None:
        for consumer in self.consumers:
            await maybeDeferred(consumer.stopConsuming)
        await super().stopService()

    @async_to_deferred
    async def note_change(self, key: Any, message: dict[str, Any]) -> None:
        if key[0] == "builds" and key[-1] in ("new", "finished"):
            await self.ledger.note_build(key, message)
        self.changes += 1

    def read_provenance(self, digest: str) -> Provenance:
        return read_unverified(self.store.provenance(digest).read_bytes())

    def find_provenance(self, digest: str) -> Provenance | None:
        """What a release was made from; None when it is not in the store any more."""
        try:
            return self.provenance(digest)
        except FileNotFoundError:
            return None

    # The endpoints.

    def endpoints(self) -> dict[str, Endpoint]:
        """By the last part of the address."""

        def finished() -> int:
            return self.ledger.finished

        return {
            "board.json": Endpoint(
                self.board, version=self.board_version, seconds=30, identity=board_identity
            ),
            "history.json": Endpoint(
                self.history, ("component", "older", "limit"), version=finished, seconds=HOUR
            ),
            "difference.json": Endpoint(self.difference, ("from", "to", "backwards"), seconds=60),
            "release.json": Endpoint(self.release, ("digest",), version=finished, seconds=60),
            "figures.json": Endpoint(self.figures, version=finished, seconds=HOUR),
            "machines.json": Endpoint(self.machines),
            "store.json": Endpoint(self.storage),
            "trials.json": Endpoint(self.trials, version=finished, seconds=HOUR),
        }

    def board_version(self) -> tuple[int, int]:
        health = self.health_checks()
        return self.changes, health.changes if health else 0

    def health_checks(self) -> Any:
        return self.master.service_manager.namedServices.get(HealthChecks.name)

    async def machines(self, _query: Query) -> MachinesAnswer:
        """The machines of OpenStack projects, and statistics of those that are gone."""
        service: Any = self.master.service_manager.namedServices.get("machines")
        return MachinesAnswer.model_validate({"report": service.report() if service else None})

    async def storage(self, _query: Query) -> StoreReport:
        """What the store holds, and how the button is pressed that removes from it."""
        artifacts = await deferToThread(self.store.artifacts)
        removals = await ledger.builds(self.master, [RETENTION_BUILDER])
        disk = shutil.disk_usage(self.store.folder)
        return store_report(
            self.site,
            artifacts,
            (disk.total, disk.free),
            removals[RETENTION_BUILDER],
            (await self.builder_ids()).get(RETENTION_BUILDER),
        )

    async def builder_ids(self) -> dict[str, int]:
        """By name: each builder's number in Buildbot's API."""
        return {b["name"]: b["builderid"] for b in await self.master.data.get(("builders",))}

    async def trials(self, _query: Query) -> list[TrialRow]:
        """How our changes fit what upstream offers, by component."""
        reports = await ledger.reports(self.master, self.site)
        return trial_rows(self.site.trial_components, reports)

    async def board(self, _query: Query) -> Board:
        await self.ledger.load()
        health = self.health_checks()
        ids = await self.builder_ids()
        builders = {number: name for name, number in ids.items()}
        builds = self.ledger.builds
        inputs = BoardInputs(
            site=self.site,
            builds=builds,
            histories=self.ledger.histories,
            builder_ids=ids,
            running=await running_builds(self.master, builds, builders),
            queued=await queued_requests(self.master, builders),
            healths=dict(health.results) if health else {},
            now=datetime.now(UTC),
            disk_warnings=disk_warnings(
                (Path(self.master.basedir).absolute(), self.store.folder),
                self.site.retention.free_percent,
            ),
        )
        result: Board = await deferToThread(board, inputs, self.find_provenance)
        return result

    async def history(self, query: Query) -> HistoryPage:
        """Of the whole site, or of one component; a page of it."""
        name = query.get("component") or None
        if name:
            self.require_component(name)
        limit, older = page_size(query), older_than(query)
        finished = await self.finished_builds(name, older_than=older, limit=limit + 1)
        page = finished[:limit]
        return HistoryPage(
            deployments=tuple(deployments(deployment_builders(self.site), page)),
            older=str(page[-1].build.id) if len(finished) > limit else None,
        )

    async def finished_builds(
        self, component: str | None = None, **conditions: Any
    ) -> list[FinishedBuild]:
        """Builds that made deployments, the last one first; see `finished_builds_query`."""
        builders = deployment_builders(self.site, component)
        return await finished_builds(self.master, builders, **conditions)

    async def difference(self, query: Query) -> Difference:
        before, after = query.get("from", ""), query.get("to", "")
        backwards = query.get("backwards") == "yes"
        await self.comparing.acquire()
        try:
            result: Difference = await deferToThread(self.compare, before, after, backwards)
        finally:
            self.comparing.release()
        return result

    def compare(self, before: str, after: str, backwards: bool) -> Difference:
        """Runs in a thread: a large artifact takes seconds to read the first time."""
        return difference(
            self.stored_release(before) if before else None,
            self.stored_release(after),
            backwards=backwards,
        )

    def stored_release(self, digest: str) -> StoredRelease:
        provenance = self.require_provenance(digest)
        if digest not in self.store:
            raise NotFound(f"the store does not hold the files of {digest[:12]} any more")
        return StoredRelease(
            provenance=provenance, contents=contents(self.store, provenance.digest)
        )

    def require_provenance(self, digest: str) -> Provenance:
        """The provenance of a release in the store; raises NotFound, and opens no other file."""
        is_digest = re.fullmatch(r"[0-9a-f]{64}", digest)
        provenance = self.find_provenance(digest) if is_digest else None
        if provenance is None:
            raise NotFound(f"the store does not hold the release {digest[:12] or '(none)'}")
        return provenance

    async def release(self, query: Query) -> ReleaseDetails:
        digest = query.get("digest", "")
        provenance = self.require_provenance(digest)
        finished = await self.finished_builds(provenance.component, digest=digest)
        return ReleaseDetails(
            provenance=provenance,
            stored=digest in self.store,
            deployments=deployments(deployment_builders(self.site), finished),
        )

    async def figures(self, _query: Query) -> list[Figure]:
        now = datetime.now(UTC)
        since = int(first_moment(now).timestamp())
        finished = await self.finished_builds(properties=FIGURE_PROPERTIES, since=since)
        merged = await merges(self.master, [c.builder for c in self.site.components], since)
        builders = deployment_builders(self.site)

        def compute() -> list[Figure]:
            return figures(self.site, merged, deployments(builders, finished), now)

        result: list[Figure] = await deferToThread(compute)
        return result

    def require_component(self, name: str) -> None:
        names = [component.name for component in self.site.components]
        if name not in names:
            raise NotFound(f"no component '{name}'; expected one of {', '.join(names)}")


def board_identity(board: Board) -> dict[str, Any]:
    """The board without the moment it was made, and without when each release was well."""
    rows = {"__all__": {"cells": {"__all__": {"health": {"when"}}}}}
    identity = board.model_dump(mode="json", exclude={"now": True, "rows": rows})
    unknown = (c.health for row in board.rows for c in row.cells)
    return identity | {"ages": [h.when for h in unknown if h and h.healthy is None]}
