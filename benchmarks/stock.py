"""A master whose worker is Buildbot's own OpenStackLatentWorker, with python-novaclient.

Same image, flavor, network, user data and builder as ours, and a machine for each build. Its
password is the same for every machine, as Buildbot's manual has it. python-novaclient is in an
environment of its own, which only this comparison needs.
"""

import json
import os
from typing import Any

from openstack.connection import Connection

from local.bootstrap import virtual_environment
from local.layout import CHECKOUT
from tests.cloud.fixture import Cloud
from tests.cloud.master import Master
from workers.user_data import user_data

VENV = CHECKOUT / "var" / "venv-stock"
LOCK = CHECKOUT / "benchmarks" / "stock.lock"
NAME = "build-1"
PASSWORD = "the same for every machine"  # noqa: S105  # of a master that lives for a minute
WORKERS = f"""# -*- python -*-
import json
import sys
from pathlib import Path

sys.path.insert(0, "{{checkout}}")

from buildbot.worker.openstack import OpenStackLatentWorker

names = ["{NAME}"]
given = json.loads(Path("stock.json").read_text())
workers = [OpenStackLatentWorker(names[0], build_wait_timeout=0, max_builds=1, **given)]
services = []
chosen = None
"""


def install() -> None:
    virtual_environment.ensure(VENV, LOCK, os.environ)


class Stock(Master):
    """A master of the test cloud, with the stock worker instead of ours."""

    def configure(self) -> None:
        super().configure()
        connection = self.cloud.connect(self.project)
        given = arguments(self.cloud, connection, user_data(NAME, PASSWORD, self.address))
        (self.folder / "stock.json").write_text(json.dumps(given))

    def stop(self) -> None:
        """Kill it: with this worker a master was seen not to end within a minute."""
        self.kill()


def arguments(cloud: Cloud, connection: Connection, user_data: str) -> dict[str, Any]:
    """What the stock worker is given; it knows nothing of clouds.yaml."""
    image, flavor, network = parts(cloud, connection)
    return {
        "password": PASSWORD,
        "flavor": flavor,
        "image": image,
        "region": connection.config.get_region_name(),
        "os_auth_args": {
            "auth_type": connection.config.config["auth_type"],
            **connection.config.get_auth_args(),
        },
        "nova_args": {
            "nics": [{"net-id": network}],
            "security_groups": ["worker"],
            "userdata": user_data,
        },
    }


def parts(cloud: Cloud, connection: Connection) -> tuple[str, str, str]:
    """Image, flavor and network of every measured machine, by their ids."""
    images = connection.image.images(name=cloud.image("slipway-worker"), status="active")
    image = max(images, key=lambda image: str(image.created_at))  # as our workers choose it
    flavor = connection.compute.find_flavor("small", ignore_missing=False)
    network = connection.network.find_network("internal", ignore_missing=False)
    return str(image.id), str(flavor.id), str(network.id)
