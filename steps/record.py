"""Record a release: verify the artifact from the worker, sign its provenance, store both."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from buildbot.process.properties import Secret
from buildbot.process.results import SUCCESS
from buildbot.util.twisted import async_to_deferred
from twisted.internet.threads import deferToThread

from model.component import Component
from releases.provenance import Material, Patch, Provenance, sign
from releases.rules import short
from releases.store import ArtifactError, Store, write_problem
from steps.step import Step


class RecordRelease(Step):
    """Runs on the master, which alone has the signing key."""

    name = "record"
    updateBuildSummaryPolicy = True  # its summary becomes the build's
    renderables = ("incoming", "signing_key")

    def __init__(self, component: Component, store: Store, incoming: Any, **kwargs: Any) -> None:
        self.component = component
        self.store = store
        self.incoming = incoming
        self.signing_key: Any = Secret("signing-key")
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        provenance = await self.create_provenance()
        envelope = sign(provenance, self.signing_key)
        incoming = Path(self.incoming)
        try:
            await deferToThread(self.store.put, incoming, provenance.digest, envelope)
        except ArtifactError as error:
            self.fail(str(error))
        except OSError as error:
            self.fail(write_problem(error, incoming))
        await self.addCompleteLog("provenance", provenance.model_dump_json(indent=2))
        self.setProperty("recorded", provenance.digest, self.name)
        label = f"{short(provenance.digest)} of {provenance.upstream.release}"
        self.descriptionDone = f"release {label} recorded and signed"
        return SUCCESS

    async def create_provenance(self) -> Provenance:
        return Provenance(
            component=self.component.name,
            digest=self.getProperty("digest"),
            materials=tuple(Material(**source) for source in self.getProperty("materials")),
            patches=tuple(Patch(**patch) for patch in self.getProperty("patches")),
            build=await self.build.getUrl(),
            worker=self.getProperty("workername"),
            finished=datetime.now(UTC),
        )
