"""What the Releases page asks the master for; everything here is public and only read."""

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from buildbot.data.resultspec import Filter
from buildbot.util.service import BuildbotService
from buildbot.util.twisted import async_to_deferred
from pydantic import BaseModel, TypeAdapter
from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.python import log
from twisted.python.failure import Failure
from twisted.web.resource import EncodingResourceWrapper, Resource
from twisted.web.server import NOT_DONE_YET, GzipEncoderFactory, Request

from model.site import Site
from releases import ledger
from releases.history import current_name
from releases.provenance import Provenance, read_unverified
from releases.store import Store
from web.health import HealthChecks
from web.views.artifact_contents import contents
from web.views.board import Board, BoardInputs, Running, board, expected_seconds
from web.views.deployments import Deployment, all_deployments
from web.views.difference import Difference, StoredRelease, difference
from web.views.figures import Figure, figures
from web.views.machine_report import MachinesAnswer
from web.views.trials import TrialRow, trial_rows

PAGE = "releases"
"""The name of the page's own plugin, under which its answers lie too."""

INCOMPLETE = Filter("complete", "eq", [False])
UNCLAIMED = Filter("claimed", "eq", [False])
JSON = b"application/json"


class NotFound(ValueError):
    """What was asked for does not exist; the sentence says what."""


class ReleaseDetails(BaseModel):
    """One release: what it was made from, and everything that happened to it."""

    provenance: Provenance
    stored: bool
    deployments: list[Deployment]


class ReleasesPage(BuildbotService):
    """Keeps the ledger in mind, a builder anew whenever one of its builds is finished."""

    name = "releases-page"

    @async_to_deferred
    async def reconfigService(self, site: Site, store: Store) -> None:  # type: ignore[override]  # as Buildbot itself
        await super().reconfigService()
        self.site = site
        self.store = store
        self.builds: ledger.Builds = {}
        self.stale = set(self.builders())
        self.loading = DeferredLock()
        self.comparing = DeferredLock()
        self.done: tuple[ledger.Builds, list[Deployment]] = ({}, [])
        self.provenance = lru_cache(maxsize=None)(self.read_provenance)
        plugin = self.master.www.apps.get(PAGE).resource
        for name, answer in self.answers().items():
            wrapped = EncodingResourceWrapper(Answer(answer), [GzipEncoderFactory()])
            plugin.putChild(name.encode(), wrapped)

    @async_to_deferred
    async def startService(self) -> None:
        await super().startService()
        listening = self.master.mq.startConsuming
        self.consumers = [
            await listening(self.heard, ("builds", None, event)) for event in ("new", "finished")
        ]

    @async_to_deferred
    async def stopService(self) -> None:
        for consumer in self.consumers:
            await maybeDeferred(consumer.stopConsuming)
        await super().stopService()

    def builders(self) -> list[str]:
        places = [e.builder(c) for e in self.site.environments for c in self.site.components]
        everywhere = [e.site_builder for e in self.site.environments if e.promotes_from]
        return [*places, *everywhere, *(c.builder for c in self.site.components)]

    @async_to_deferred
    async def heard(self, _key: Any, build: dict[str, Any]) -> None:
        builder = await self.master.data.get(("builders", build["builderid"]))
        if builder["name"] in self.builders():
            self.stale.add(builder["name"])

    async def known(self) -> ledger.Builds:
        """The ledger of every builder that moves releases."""
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

    def release(self, digest: str) -> Provenance | None:
        """What a release was made from, unless the store has forgotten it."""
        try:
            return self.provenance(digest)
        except FileNotFoundError:
            return None

    # What is answered, by the last part of the address.

    def answers(self) -> dict[str, "Ask"]:
        return {
            "board.json": self.board,
            "history.json": self.history,
            "difference.json": self.difference,
            "release.json": self.pedigree,
            "figures.json": self.figures,
            "machines.json": self.machines,
            "trials.json": self.trials,
        }

    async def machines(self, _asked: dict[str, str]) -> MachinesAnswer:
        """The machines of OpenStack projects and what became of others; none without a project."""
        service: Any = self.master.service_manager.namedServices.get("machines")
        return MachinesAnswer.model_validate({"report": service.report() if service else None})

    async def trials(self, _asked: dict[str, str]) -> list[TrialRow]:
        """How our changes fit what upstream offers, by component."""
        reports = await ledger.reports(self.master, self.site)
        return trial_rows(self.site.trial_components, reports)

    async def board(self, _asked: dict[str, str]) -> Board:
        known = await self.known()
        health = self.master.service_manager.namedServices.get(HealthChecks.name)
        builders = {b["builderid"]: b["name"] for b in await self.master.data.get(("builders",))}
        running, queued = await self.at_work(known, builders)
        inputs = BoardInputs(
            site=self.site,
            builds=known,
            builder_ids={name: number for number, name in builders.items()},
            running=running,
            queued=queued,
            healths=health.answers if health else {},
            now=datetime.now(UTC),
        )
        return board(inputs, self.release)

    async def history(self, asked: dict[str, str]) -> list[Deployment]:
        """Of the whole site, or of one component."""
        done = await self.deployments()
        if name := asked.get("component"):
            return [one for one in done if one.component == self.named(name)]
        return done

    async def deployments(self) -> list[Deployment]:
        """Counted anew only when a build was finished since."""
        known = await self.known()
        if self.done[0] is not known:
            self.done = known, all_deployments(self.site, known)
        return self.done[1]

    async def difference(self, asked: dict[str, str]) -> Difference:
        before, after = asked.get("from", ""), asked.get("to", "")
        backwards = asked.get("backwards") == "yes"
        await self.comparing.acquire()
        try:
            found: Difference = await deferToThread(self.compared, before, after, backwards)
        finally:
            self.comparing.release()
        return found

    def compared(self, before: str, after: str, backwards: bool) -> Difference:
        """Runs in a thread: a large artifact takes seconds to read the first time."""
        return difference(
            self.side(before) if before else None, self.side(after), backwards=backwards
        )

    def side(self, digest: str) -> StoredRelease:
        provenance = self.stored(digest)
        if digest not in self.store:
            raise NotFound(f"the store does not hold the files of {digest[:12]} any more")
        return StoredRelease(
            provenance=provenance, contents=contents(self.store, provenance.digest)
        )

    def stored(self, digest: str) -> Provenance:
        """Of a release in the store; no other file is ever opened. Raises NotFound."""
        found = self.release(digest) if re.fullmatch(r"[0-9a-f]{64}", digest) else None
        if found is None:
            raise NotFound(f"the store does not hold the release {digest[:12] or '(none)'}")
        return found

    async def pedigree(self, asked: dict[str, str]) -> ReleaseDetails:
        digest = asked.get("digest", "")
        provenance = self.stored(digest)
        done = [one for one in await self.deployments() if one.digest == digest]
        return ReleaseDetails(provenance=provenance, stored=digest in self.store, deployments=done)

    async def figures(self, _asked: dict[str, str]) -> list[Figure]:
        done = await self.deployments()
        return figures(self.site, self.builds, done, datetime.now(UTC))

    def named(self, name: str) -> str:
        names = [component.name for component in self.site.components]
        if name not in names:
            raise NotFound(f"no component '{name}'; expected one of {', '.join(names)}")
        return name

    # What runs now.

    async def at_work(
        self, known: ledger.Builds, names: dict[int, str]
    ) -> tuple[dict[str, Running], dict[str, int]]:
        """What runs, and how many requests wait, by builder; `names` are those of all builders."""
        get = self.master.data.get
        running = {
            names[build["builderid"]]: await self.running_build(build, known, names)
            for build in await get(("builds",), filters=[INCOMPLETE])
        }
        queued: dict[str, int] = {}
        for request in await get(("buildrequests",), filters=[INCOMPLETE, UNCLAIMED]):
            name = names[request["builderid"]]
            queued[name] = queued.get(name, 0) + 1
        return running, queued

    async def running_build(
        self, build: dict[str, Any], known: ledger.Builds, names: dict[int, str]
    ) -> Running:
        steps = await self.master.data.get(("builds", build["buildid"], "steps"))
        report = await ledger.properties(self.master, build["buildid"])
        now = next((s for s in steps if s["started_at"] and not s["complete"]), None)
        builder = names[build["builderid"]]
        action = current_name(report.get("action")) or ""
        return Running(
            link=f"#/builders/{build['builderid']}/builds/{build['number']}",
            action=action,
            owner=str(report.get("owner") or ""),
            step=now["name"] if now else "",
            message=now["state_string"] if now else build["state_string"],
            done=sum(step["complete"] for step in steps),
            worker=str(report.get("workername") or ""),
            started=build["started_at"],
            seconds=expected_seconds(known.get(builder, ()), action),
        )


Ask = Callable[[dict[str, str]], Coroutine[Any, Any, Any]]
"""From the words of a query to what is answered."""


class Answer(Resource):
    """One answer as JSON."""

    isLeaf = True

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.ask = ask

    def render_GET(self, request: Request) -> int:
        words = {
            name.decode(errors="replace"): values[0].decode(errors="replace")
            for name, values in request.args.items()
        }
        request.notifyFinish().addErrback(lambda _: setattr(request, "gone", True))
        answering = Deferred.fromCoroutine(self.ask(words))
        answering.addCallbacks(write(request), refuse(request))
        return int(NOT_DONE_YET)


def write(request: Request) -> Callable[[Any], None]:
    def done(found: Any) -> None:
        send(request, TypeAdapter(Any).dump_json(found))

    return done


def refuse(request: Request) -> Callable[[Failure], None]:
    def done(failure: Failure) -> None:
        missing = failure.check(NotFound)
        request.setResponseCode(404 if missing else 500)
        message = str(failure.value) if missing else "the master failed; its log says more"
        if not missing:
            log.err(failure, "an answer of the Releases page")
        send(request, TypeAdapter(Any).dump_json({"error": message}))

    return done


def send(request: Request, body: bytes) -> None:
    if getattr(request, "gone", False):
        return
    request.setHeader(b"content-type", JSON)
    request.setHeader(b"cache-control", b"no-cache")
    request.write(body)
    request.finish()
