"""What the nightly build removes, on a real master: artifacts and logs, never the ledger."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.master import BuildMaster
from buildbot.process.factory import BuildFactory
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred

from model.retention import RETENTION_BUILDER, Retention
from releases import ledger
from releases.provenance import generate_key, sign
from releases.store import Store
from steps.remove_artifacts import RemoveArtifacts
from steps.remove_logs import RemoveLogs
from tests.local.values import provenance
from tests.releases.ledgers import NEW, NEWER, OLD, PRODUCTION, SITE

BLOG = SITE.components[0]
DEPLOY = PRODUCTION.builder(BLOG)
RETENTION = Retention(days=1, newest=1, log_days=1)


class Removal(RunMasterBase):
    """A master whose retention runs when it is told to."""

    master: BuildMaster

    async def start(self, log_horizon: timedelta = timedelta(days=1)) -> Store:
        """Start the master; its store has three old artifacts, of which one is the newest."""
        store = Store(folder=Path(tempfile.mkdtemp(dir=".")).absolute())
        store.incoming("").mkdir()
        for days, digest in enumerate((NEWER, NEW, OLD)):
            release = provenance().model_copy(update={"digest": digest})
            store.artifact(digest).write_bytes(b"bytes")
            store.provenance(digest).write_bytes(sign(release, generate_key()[0]))
            os.utime(store.artifact(digest), (-days, -days))
        site = SITE.model_copy(update={"retention": RETENTION})
        steps = [RemoveArtifacts(site, store), RemoveLogs(log_horizon)]
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig(
                        RETENTION_BUILDER, workernames=["local1"], factory=BuildFactory(steps)
                    ),
                    BuilderConfig(
                        DEPLOY,
                        workernames=["local1"],
                        factory=BuildFactory(),
                        canStartBuild=lambda *_: False,
                    ),
                ],
                "schedulers": [ForceScheduler(name="force", builderNames=[RETENTION_BUILDER])],
                "multiMaster": True,
            }
        )
        return store

    async def retention(self) -> dict[str, Any]:
        result: dict[str, Any] = await self.doForceBuild(wantSteps=True, wantLogs=True)
        return result

    @async_to_deferred
    async def test_old_artifacts_go_except_those_that_a_waiting_request_names(self) -> None:
        store = await self.start()
        deploy = await self.master.data.updates.findBuilderId(DEPLOY)
        stamp = {"project": "", "repository": "", "codebase": "", "branch": None, "revision": None}
        await self.master.data.updates.addBuildset(
            waited_for=False,
            builderids=[deploy],
            sourcestamps=[stamp],
            properties={"wanted": (OLD[:12], "test")},
        )
        done = await self.retention()
        assert done["results"] == SUCCESS, done
        words = "removed: 1 artifact (0.0 MB), 0 broken uploads"
        assert words in done["state_string"]
        assert [digest in store for digest in (OLD, NEW, NEWER)] == [True, False, True]
        assert NEW in done["steps"][1]["logs"][0]["contents"]["content"]

    @async_to_deferred
    async def test_logs_of_old_builds_go_and_the_builds_with_their_properties_stay(self) -> None:
        await self.start(log_horizon=timedelta(seconds=-60))
        first = await self.retention()
        await self.retention()
        log = first["steps"][1]["logs"][0]
        stored = await self.master.data.get(("logs", log["logid"]))
        assert stored["type"] == "d"
        assert not await self.master.db.logs.getLogLines(log["logid"], 0, 9)
        builds = await ledger.builds(self.master, [RETENTION_BUILDER])
        assert [build.results for build in builds[RETENTION_BUILDER]] == [SUCCESS, SUCCESS]
        assert builds[RETENTION_BUILDER][-1].owner
        assert "removed: 2 artifacts" in builds[RETENTION_BUILDER][-1].sentence

    @async_to_deferred
    async def test_what_cannot_be_removed_is_named(self) -> None:
        store = await self.start()
        store.contents(NEW).mkdir()
        done = await self.retention()
        assert done["results"] == FAILURE
        assert f"cannot remove {store.contents(NEW)}: " in done["steps"][1]["state_string"]
