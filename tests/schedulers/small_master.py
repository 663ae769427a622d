"""A real master of a small site, whose builders have no steps and no worker."""

from collections.abc import Sequence
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.service import ClusteredBuildbotService
from buildbot.worker.base import Worker

from model.site import Site


def builders(site: Site) -> list[str]:
    """The names of a site's builders."""
    return [
        *(component.builder for component in site.components),
        *(component.trial_builder for component in site.trial_components),
        *(e.builder(component) for component in site.components for e in site.environments),
        *(e.site_builder for e in site.environments if e.promotes_from),
    ]


class SmallMaster(RunMasterBase):
    """Asks for builds and never runs one."""

    async def start(self, site: Site, schedulers: Sequence[ClusteredBuildbotService]) -> None:
        await self.setup_master(self.configuration(site, schedulers), startWorker=False)

    async def reconfigure(self, site: Site, schedulers: Sequence[ClusteredBuildbotService]) -> None:
        self.master.config_loader.config_dict = self.configuration(site, schedulers)
        await self.master.reconfig()

    def configuration(
        self, site: Site, schedulers: Sequence[ClusteredBuildbotService]
    ) -> dict[str, Any]:
        return {
            "builders": [
                BuilderConfig(name=name, workernames=["nobody"], factory=BuildFactory())
                for name in builders(site)
            ],
            "schedulers": list(schedulers),
            "workers": [Worker("nobody", "x")],
            "protocols": {"null": {}},
            "www": {"port": "tcp:0:interface=127.0.0.1"},
            "buildbotNetUsageData": None,
            "db_url": "sqlite://",
            "multiMaster": True,
        }

    async def requested(self) -> list[str]:
        """The builders of all requests, in alphabetical order."""
        names = {b["builderid"]: b["name"] for b in await self.master.data.get(("builders",))}
        requests = await self.master.data.get(("buildrequests",))
        return sorted(names[request["builderid"]] for request in requests)
