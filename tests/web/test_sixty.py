"""The page of a site with sixty components, in a real browser, from a real master's ledger."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from buildbot.worker.base import Worker
from playwright.sync_api import Error, Request, expect, sync_playwright
from twisted.internet.threads import deferToThread

from model.site import Site
from releases.history import Action
from releases.ledger import Build
from releases.store import Store
from tests.releases.ledger_rows import write_builds
from tests.releases.ledgers import SITE, build, component
from tests.whole.browser import PICTURES, QUIET
from web.endpoints import PAGE, ReleasesPage
from web.history_query import PAGE_SIZE
from web.views.figures import DEFINITIONS

pytestmark = pytest.mark.real

COMPONENTS = 60
DEPLOYMENTS = 20
"""Of each component to each environment."""

REQUESTS = 10
"""What the page may ask for, its own modules included."""

WIDE = SITE.model_copy(
    update={
        "order": (),
        "components": tuple(component(f"component-{n:02}") for n in range(COMPONENTS)),
    }
)


class Sixty(RunMasterBase):
    """A master whose ledger was written down by hand."""

    @async_to_deferred
    async def test_sixty_components_are_shown_with_few_requests(self) -> None:
        await self.start()
        seen, seconds, asked = await deferToThread(looked_at, self.master.config.buildbotURL)
        own = [url for url in asked if f"/plugins/{PAGE}/" in url or "/api/" in url]
        print(f"\n{COMPONENTS} components: first paint of the board {seconds:.2f} s, "
              f"{len(own)} requests of its own, {len(asked)} with the UI's")  # fmt: skip
        assert seen == COMPONENTS
        assert len(own) <= REQUESTS, own
        assert not [url for url in own if "component-" in url]

    @async_to_deferred
    async def test_every_figure_of_every_environment_is_plotted(self) -> None:
        await self.start()
        plots = await deferToThread(plots_drawn, self.master.config.buildbotURL)
        assert len(plots) == len(DEFINITIONS) * len(WIDE.environments)
        assert all(plots)

    @async_to_deferred
    async def test_the_history_is_turned_page_by_page(self) -> None:
        await self.start()
        first, second, again, faults = await deferToThread(
            pages_turned, self.master.config.buildbotURL
        )
        assert len(first) == len(second) == PAGE_SIZE
        assert not {*first} & {*second}
        assert again == first
        assert not faults

    async def start(self) -> None:
        """A master with the page, the ledger and no worker."""
        folder = Path(tempfile.mkdtemp(dir=self.mktemp_folder()))
        builders = [c.builder for c in WIDE.components]
        builders += [e.builder(c) for e in WIDE.environments for c in WIDE.components]
        await self.setup_master(
            {
                "builders": [
                    BuilderConfig(name=name, workernames=["nobody"], factory=BuildFactory())
                    for name in builders
                ],
                "schedulers": [ForceScheduler(name="force", builderNames=builders[:1])],
                "services": [ReleasesPage(WIDE, Store(folder=folder))],
                "www": {"port": "tcp:0:interface=127.0.0.1", "plugins": {PAGE: {}}},
                "workers": [Worker("nobody", "x")],
                "protocols": {"null": {}},
                "multiMaster": True,
            },
            startWorker=False,
        )
        ids = {name: await self.master.data.updates.findBuilderId(name) for name in builders}
        rows = list(deployments(WIDE))
        await self.master.db.pool.do(write_builds, self.master.db.model, rows, ids)
        port = self.master.www.getPortnum()
        self.master.config.buildbotURL = f"http://127.0.0.1:{port}/"

    def mktemp_folder(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name


def deployments(site: Site) -> Iterator[Build]:
    """Every component was deployed and promoted twenty times; a third of them waits."""
    began = datetime.now(UTC) - timedelta(hours=DEPLOYMENTS)
    for at, one in enumerate(site.components):
        for environment in site.environments:
            for turn in range(DEPLOYMENTS):
                held_back = environment.promotes_from and at % 3 == 0
                digest = f"{at:02x}{turn - 1 if held_back and turn else turn:02x}" + "0" * 60
                action = Action.PROMOTE if environment.promotes_from else Action.DEPLOY
                yield build(
                    turn + 1,
                    environment.builder(one),
                    start=began + timedelta(hours=turn),
                    live=digest,
                    action=action.value,
                    release="1.0",
                )


def looked_at(address: str) -> tuple[int, float, list[str]]:
    """Rows shown, seconds until the board was there, and what was asked for; in a thread."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", note)
        began = time.perf_counter()
        page.goto(f"{address}#/releases")
        page.wait_for_selector(".sw-board tbody tr")
        seconds = time.perf_counter() - began
        rows = page.locator(".sw-board tbody tr").count()
        expect(page.locator(".sw-summary")).to_contain_text("20 releases wait for production")
        page.screenshot(path=PICTURES / "sixty.png", animations="disabled")
        chromium.close()
    return rows, seconds, asked


def plots_drawn(address: str) -> list[bool]:
    """For each plot, whether anything is drawn on it; in a thread."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        errors: list[Error] = []

        def note(error: Error) -> None:
            errors.append(error)

        page.on("pageerror", note)
        page.goto(f"{address}#/releases/figures")
        page.wait_for_selector(".sw-figure canvas")
        drawn: list[bool] = page.locator(".sw-figure canvas").evaluate_all(DRAWN)
        page.screenshot(path=PICTURES / "plots.png", animations="disabled")
        chromium.close()
    assert not errors
    return drawn


def pages_turned(address: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """The builds on the first page of the history, the second and the first again; in a thread.

    The last value is what axe finds wrong.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})

        def builds(number: int) -> list[str]:
            expect(page.get_by_text(f"page {number}", exact=True)).to_be_visible()
            page.wait_for_selector(".sw-history tbody tr")
            links = page.locator(".sw-history td[data-label=Outcome] a")
            found: list[str] = links.evaluate_all("links => links.map(link => link.href)")
            return found

        page.goto(f"{address}#/releases/history")
        first = builds(1)
        page.get_by_role("button", name="Older").click()
        second = builds(2)
        page.screenshot(path=PICTURES / "pages.png", full_page=True, animations="disabled")
        violations = Axe().run(page, context=".sw").response["violations"]
        page.get_by_role("button", name="Newer").click()
        again = builds(1)
        chromium.close()
    return first, second, again, [violation["id"] for violation in violations]


DRAWN = """plots => plots.map(plot => plot.getContext("2d")
    .getImageData(0, 0, plot.width, plot.height).data.some(Boolean))"""
