"""Record a release: verify what the worker sent, sign its provenance, keep both."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from buildbot.process.properties import Secret
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.util.twisted import async_to_deferred
from twisted.internet.threads import deferToThread

from model.component import Component
from releases.provenance import Material, Patch, Provenance, sign
from releases.rules import short
from releases.store import Damaged, Store
from steps.step import Step


class Record(Step):
    """The master's part of a build; it alone has the signing key."""

    name = "record"
    updateBuildSummaryPolicy = True  # its sentence becomes the build's
    renderables = ("incoming", "signing_key")

    def __init__(self, component: Component, store: Store, incoming: Any, **kwargs: Any) -> None:
        self.component = component
        self.store = store
        self.incoming = incoming
        self.signing_key: Any = Secret("signing-key")
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        provenance = await self.provenance()
        envelope = sign(provenance, self.signing_key)
        try:
            incoming = Path(self.incoming)
            await deferToThread(self.store.put, incoming, provenance.digest, envelope)
        except Damaged as damage:
            self.descriptionDone = str(damage)
            return FAILURE
        await self.addCompleteLog("provenance", provenance.model_dump_json(indent=2))
        self.setProperty("recorded", provenance.digest, self.name)
        made_of = f"{short(provenance.digest)} of {provenance.upstream.release}"
        self.descriptionDone = f"release {made_of} recorded and signed"
        return SUCCESS

    async def provenance(self) -> Provenance:
        return Provenance(
            component=self.component.name,
            digest=self.getProperty("digest"),
            materials=tuple(Material(**source) for source in self.getProperty("materials")),
            patches=tuple(Patch(**patch) for patch in self.getProperty("patches")),
            build=await self.build.getUrl(),
            worker=self.getProperty("workername"),
            finished=datetime.now(UTC),
        )
