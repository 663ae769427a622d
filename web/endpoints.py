"""The JSON endpoints of the Releases page; everybody may read them, and they change nothing."""

import re
import shutil
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from buildbot.data.resultspec import Filter
from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from pydantic import BaseModel
from twisted.internet.defer import DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.web.resource import EncodingResourceWrapper
from twisted.web.server import GzipEncoderFactory

from model.retention import RETENTION_BUILDER
from model.site import Site
from releases import ledger
from releases.history import current_name
from releases.provenance import Provenance, read_unverified
from releases.store import Store
from web.health import HealthChecks
from web.json_resource import Endpoint, JsonResource, NotFound
from web.views.artifact_contents import contents
from web.views.board import BoardInputs, board, expected_seconds
from web.views.board_model import Board, Running
from web.views.deployments import Deployment, all_deployments
from web.views.difference import Difference, StoredRelease, difference
from web.views.figures import Figure, figures
from web.views.machine_report import MachinesAnswer
from web.views.store_report import StoreReport, store_report
from web.views.trials import TrialRow, trial_rows

PAGE = "releases"
"""The name of the page's plugin, below which the endpoints are."""

INCOMPLETE = Filter("complete", "eq", [False])
UNCLAIMED = Filter("claimed", "eq", [False])


class ReleaseDetails(BaseModel):
    """One release: what it was made from, and everything that happened to it."""

    provenance: Provenance
    stored: bool
    deployments: list[Deployment]


class ReleasesPage(BuildbotService):
    """Answers from the ledger, of which it keeps in memory what no build has changed."""

    name = "releases-page"

    @async_to_deferred
    async def reconfigService(self, site: Site, store: Store) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.store = store
        self.builds: ledger.Builds = {}
        self.stale = set(self.builders())
        """The builders whose builds must be read again."""
        self.loading = DeferredLock()
        self.comparing = DeferredLock()
        self.computed: tuple[ledger.Builds, list[Deployment]] = ({}, [])
        """The deployments, and the builds that they were computed from."""
        self.provenance = lru_cache(maxsize=None)(self.read_provenance)
        plugin = self.master.www.apps.get(PAGE).resource
        for name, endpoint in self.endpoints().items():
            resource = EncodingResourceWrapper(JsonResource(endpoint), [GzipEncoderFactory()])
            plugin.putChild(name.encode(), resource)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        consume = self.master.mq.startConsuming
        self.consumers = [
            await consume(self.mark_stale, ("builds", None, event)) for event in ("new", "finished")
        ]

    @async_to_deferred
    async def stopService(self) -> None:
        for consumer in self.consumers:
            await maybeDeferred(consumer.stopConsuming)
        await super().stopService()

    def builders(self) -> list[str]:
        deploy = [e.builder(c) for e in self.site.environments for c in self.site.components]
        site_wide = [e.site_builder for e in self.site.environments if e.promotes_from]
        return [*deploy, *site_wide, *(c.builder for c in self.site.components)]

    @async_to_deferred
    async def mark_stale(self, _key: Any, build: dict[str, Any]) -> None:
        builder = await self.master.data.get(("builders", build["builderid"]))
        if builder["name"] in self.builders():
            self.stale.add(builder["name"])

    async def current_builds(self) -> ledger.Builds:
        """The last builds of every builder that makes or deploys releases."""
        await self.loading.acquire()
        try:
            while self.stale:
                stale, self.stale = self.stale, set()
                try:
                    fresh = await ledger.builds(self.master, stale)
                except BaseException:
                    self.stale |= stale
                    raise
                self.builds = {**self.builds, **fresh}
        finally:
            self.loading.release()
        return self.builds

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
        return {
            "board.json": self.board,
            "history.json": self.history,
            "difference.json": self.difference,
            "release.json": self.release,
            "figures.json": self.figures,
            "machines.json": self.machines,
            "store.json": self.storage,
            "trials.json": self.trials,
        }

    async def machines(self, _query: dict[str, str]) -> MachinesAnswer:
        """The machines of OpenStack projects, and statistics of those that are gone."""
        service: Any = self.master.service_manager.namedServices.get("machines")
        return MachinesAnswer.model_validate({"report": service.report() if service else None})

    async def storage(self, _query: dict[str, str]) -> StoreReport:
        """What the store holds."""
        artifacts = await deferToThread(self.store.artifacts)
        removals = await ledger.builds(self.master, [RETENTION_BUILDER])
        free = shutil.disk_usage(self.store.folder).free
        return store_report(artifacts, free, removals[RETENTION_BUILDER])

    async def trials(self, _query: dict[str, str]) -> list[TrialRow]:
        """How our changes fit what upstream offers, by component."""
        reports = await ledger.reports(self.master, self.site)
        return trial_rows(self.site.trial_components, reports)

    async def board(self, _query: dict[str, str]) -> Board:
        builds = await self.current_builds()
        health = self.master.service_manager.namedServices.get(HealthChecks.name)
        builders = {b["builderid"]: b["name"] for b in await self.master.data.get(("builders",))}
        running, queued = await self.running_and_queued(builds, builders)
        inputs = BoardInputs(
            site=self.site,
            builds=builds,
            builder_ids={name: number for number, name in builders.items()},
            running=running,
            queued=queued,
            healths=health.results if health else {},
            now=datetime.now(UTC),
        )
        return board(inputs, self.find_provenance)

    async def history(self, query: dict[str, str]) -> list[Deployment]:
        """Of the whole site, or of one component."""
        deployments = await self.deployments()
        if name := query.get("component"):
            self.require_component(name)
            return [item for item in deployments if item.component == name]
        return deployments

    async def deployments(self) -> list[Deployment]:
        """Computed again only when a build was finished since."""
        builds = await self.current_builds()
        if self.computed[0] is not builds:
            self.computed = builds, all_deployments(self.site, builds)
        return self.computed[1]

    async def difference(self, query: dict[str, str]) -> Difference:
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

    async def release(self, query: dict[str, str]) -> ReleaseDetails:
        digest = query.get("digest", "")
        provenance = self.require_provenance(digest)
        deployments = [item for item in await self.deployments() if item.digest == digest]
        is_stored = digest in self.store
        return ReleaseDetails(provenance=provenance, stored=is_stored, deployments=deployments)

    async def figures(self, _query: dict[str, str]) -> list[Figure]:
        deployments = await self.deployments()
        return figures(self.site, self.builds, deployments, datetime.now(UTC))

    def require_component(self, name: str) -> None:
        names = [component.name for component in self.site.components]
        if name not in names:
            raise NotFound(f"no component '{name}'; expected one of {', '.join(names)}")

    # What runs now.

    async def running_and_queued(
        self, builds: ledger.Builds, names: dict[int, str]
    ) -> tuple[dict[str, Running], dict[str, int]]:
        """The builds that run, and how many requests wait, by builder; `names` by builder id."""
        get = self.master.data.get
        running = {
            names[build["builderid"]]: await self.running_build(build, builds, names)
            for build in await get(("builds",), filters=[INCOMPLETE])
        }
        queued: dict[str, int] = {}
        for request in await get(("buildrequests",), filters=[INCOMPLETE, UNCLAIMED]):
            name = names[request["builderid"]]
            queued[name] = queued.get(name, 0) + 1
        return running, queued

    async def running_build(
        self, build: dict[str, Any], builds: ledger.Builds, names: dict[int, str]
    ) -> Running:
        steps = await self.master.data.get(("builds", build["buildid"], "steps"))
        properties = await ledger.properties(self.master, build["buildid"])
        step = next((s for s in steps if s["started_at"] and not s["complete"]), None)
        builder = names[build["builderid"]]
        action = current_name(properties.get("action")) or ""
        return Running(
            link=f"#/builders/{build['builderid']}/builds/{build['number']}",
            action=action,
            owner=str(properties.get("owner") or ""),
            step=step["name"] if step else "",
            message=step["state_string"] if step else build["state_string"],
            done=sum(s["complete"] for s in steps),
            worker=str(properties.get("workername") or ""),
            started=build["started_at"],
            seconds=expected_seconds(builds.get(builder, ()), action),
        )
