"""The demo site on the test cloud: builds, deployments and servers are machines of two projects."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from openstack.connection import Connection

from agent.pages import PageResponse, public_fetcher
from local.bootstrap.service_user import NAME
from local.layout import CHECKOUT, Layout
from model.installation import ServerAddress
from roles.managed_server import machine_settings
from servers import inventory
from servers.debian_releases import TRIXIE
from tests import mirrors
from tests.cloud.fixture import Cloud
from tests.whole.line import Line, emptied, poll_often, site_copy

ASIDE = 20_000
"""Added to the ports; another number than that of the tests without a cloud."""
COMPONENTS = ("blog", "notes", "specs")
"""One of PHP with a database, one of processes, one of files."""


class CloudLine(Line):
    """An installation whose environments are OpenStack projects."""

    def __init__(self, layout: Layout, cloud: Cloud) -> None:
        super().__init__(layout)
        self.cloud = cloud

    def make(self, target: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        # The relay of the test cloud forwards the port that the site's files name.
        variables["OPTIONS"] = f"--forwarded-port=8011 {variables.get('OPTIONS', '')}"
        return super().make(target, CLOUDS=str(self.cloud.clouds_yaml), **variables)

    @cached_property
    def projects(self) -> dict[str, Connection]:
        return {name: self.cloud.connect(name) for name in ("staging", "production")}

    def hosts(self, environment: str) -> dict[str, ServerAddress]:
        return inventory.addresses(self.layout, self.site.environment(environment))

    def page(
        self, environment: str, component: str, path: str = "/", server: str = "web-1"
    ) -> PageResponse:
        """A page of one server, over verified TLS."""
        place, served = self.place(environment, component)
        edge = self.hosts(environment)[server].edge
        there = machine_settings(self.site, place, TRIXIE).model_copy(
            update={"bind": edge, "authority": self.layout.authority(environment)}
        )
        return public_fetcher(there, place.url(served))(path)

    def everywhere(self, environment: str, component: str) -> dict[str, str | None]:
        """The digest that the application itself names, on each server."""
        return {name: self.named(environment, component, name) for name in self.hosts(environment)}

    def named(self, environment: str, component: str, server: str) -> str | None:
        return self.told(component, lambda path: self.page(environment, component, path, server))

    def inside(self, environment: str, server: str, command: str) -> str:
        """What a command prints that runs as root on a server."""
        known = inventory.records(self.layout, environment)[server]
        done = self.cloud.inside(known.id, "sh", "-c", command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def running(cloud: Cloud) -> Iterator[CloudLine]:
    """A whole installation; its machines are gone afterwards."""
    folder = CHECKOUT / "var" / "test-cloud"
    here = Layout(state=folder / "run", http_port=ASIDE + 8010, worker_port=ASIDE + 8011)
    here = replace(here, site=folder / "site", mirrors=folder / "mirrors")
    line = CloudLine(replace(here, environments="environments-openstack"), cloud)
    emptied(line)
    demo = CHECKOUT / "sites" / "demo"
    mirrors.copy_to(line.layout.mirrors)
    line.layout.cache.mkdir(parents=True, exist_ok=True)
    for path in (line.layout.cache, line.layout.cache.parent):
        shutil.chown(path, NAME, NAME)  # who makes mirrors
    site_copy(demo, line.layout.site)
    for component in (line.layout.site / "components").iterdir():
        if component.name not in COMPONENTS:
            shutil.rmtree(component)
    poll_often(line.layout.site)
    cloud.relay((8011, ASIDE + 8011), (8012, ASIDE + 8012))
    try:
        began = time.monotonic()
        print(line.run())
        print(f"from two empty projects to servers that answer: {time.monotonic() - began:.0f} s")
        line.log_in()
        yield line
    finally:
        line.made("clean")
