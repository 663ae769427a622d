"""What tests have of the test cloud, which all of a session share: see `conftest.py`."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from openstack.config import OpenStackConfig
from openstack.connection import Connection

from cloud.polling import wait_until
from local.errors import CommandError
from local.layout import CHECKOUT
from tests.cloud import marked, up
from tests.cloud.configuration import PASSWORD, REGION
from tests.cloud.faults import Call, Fault
from tests.cloud.layout import KEPT, Layout
from tests.cloud.machine import Machine

SLOW = 120
"""Seconds in which a cloud that runs must answer, also while others keep the machine busy."""
BARE = "debian-13"
"""The image of a machine on which nothing of ours is installed; `debian-12` is there too."""
PYTHON = ("/usr/bin/python3", "-B", "-m")


@dataclass(frozen=True)
class Cloud:
    """A running cloud, as tests use it."""

    layout: Layout
    project: str | None = None
    """Whose faults and calls are meant; everybody's when absent."""

    @property
    def clouds_yaml(self) -> Path:
        return self.layout.clouds_yaml

    def connect(self, name: str) -> Connection:
        """As `staging`, `production`, `sandbox` or `admin`; a new token each time."""
        files = OpenStackConfig(config_files=[str(self.clouds_yaml)], load_envvars=False)
        return Connection(config=files.get_one(cloud=name))

    def owner(self, name: str) -> Connection:
        """The user of a project, who may do more than its application credential."""
        auth = {
            "auth_url": f"{self.layout.url('keystone')}/v3",
            "username": name,
            "password": f"{name}-{PASSWORD}",
            "project_name": name,
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        return Connection(auth_type="password", auth=auth, region_name=REGION)

    def image(self, prefix: str) -> str:
        """The name of the newest image whose name begins so."""
        names = (str(image.name) for image in self.connect("admin").image.images())
        return max(name for name in names if name.startswith(prefix))

    def fault(self, kind: str, **how: Any) -> None:
        """Switch a fault on; `tests.cloud.faults.Fault` says which there are."""
        fault = Fault(kind, **({"project": self.project} | how))
        self._control("POST", "faults", vars(fault))

    def machine_fault(self, kind: str, count: int = 1) -> None:
        """The next machines go wrong: `no-host`, `spawn`, `hang` or `mute`."""
        metadata = {"slipway-fault": kind}
        path = r".*/servers"
        self.fault("metadata", method="POST", path=path, metadata=metadata, count=count)

    def mend(self) -> None:
        """No faults any more."""
        self._control("DELETE", self._of("faults"))

    def calls(self) -> list[Call]:
        """Every request since the cloud came up or the calls were forgotten."""
        return [Call(**call) for call in self._control("GET", self._of("calls"))]

    def forget_calls(self) -> None:
        self._control("DELETE", self._of("calls"))

    def _of(self, what: str) -> str:
        return f"{what}/{self.project}" if self.project else what

    def quota(self, project: str, **limits: int) -> None:
        """Change what a project may have, such as `instances=2`."""
        admin = self.connect("admin")
        admin.set_compute_quotas(admin.identity.find_project(project).id, **limits)

    def relay(self, *ports: int | tuple[int, int]) -> None:
        """From now on machines reach these ports of this host's loopback too.

        A pair is the port at the gateway and the one on the host.
        """
        with self.layout.relays.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            relays = {relay["port"]: relay for relay in json.loads(self.layout.relays.read_text())}
            for port in ports:
                here, there = port if isinstance(port, tuple) else (port, port)
                relays[here] = {"port": here, "to": there}
            aside = self.layout.relays.with_suffix(".new")
            aside.write_text(json.dumps(list(relays.values())))
            aside.rename(self.layout.relays)

    def machine(self, server: str) -> Machine:
        """What a server is on this host."""
        return Machine(self.layout, server)

    def inside(self, server: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """What a command prints that runs inside the machine, as its root."""
        machine = self.machine(server)
        assert machine.process, f"{server} does not run"
        return subprocess.run(
            ("nsenter", "--all", f"--target={machine.init}", "--", *command),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def booted(self, server: str, seconds: float = 60) -> bool:
        """Whether cloud-init has done all its work within the time."""
        done = (
            self.machine(server).folder / "upper/var/lib/cloud/instances" / server / "boot-finished"
        )
        return wait_until(done.exists, seconds)

    def _control(self, method: str, path: str, said: object = None) -> Any:
        url = f"http://127.0.0.1:{self.layout.port('faults')}/{path}"
        request = Request(url, json.dumps(said).encode(), method=method)  # our own
        with urlopen(request, timeout=30) as answer:  # noqa: S310  # the same
            return json.load(answer)


@contextmanager
def shared() -> Iterator[Cloud]:
    """The cloud of this checkout: the one that runs, else a new one that ends with the block.

    One that runs and is slow to answer is waited for. It is somebody else's, so it is never taken
    for one of ours, which would be ended.
    """
    layout = Layout(KEPT / "run")
    if layout.state != layout.state.resolve():
        raise CommandError(
            f"{layout.state} is the cloud of another checkout: {layout.state.resolve()}"
        )
    if any(marked.processes(layout.state)):
        assert wait_until(lambda: up.is_up(layout), SLOW), (
            f"the cloud of {layout.state} does not answer"
        )
        yield Cloud(layout)
        return
    subprocess.run((*PYTHON, "tests.cloud.up"), cwd=CHECKOUT, check=True)
    # Its end is ours, also when we are killed.
    watching = (*PYTHON, "tests.cloud.stop", "--when-gone", str(os.getpid()))
    watcher = subprocess.Popen(
        watching, cwd=CHECKOUT, start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        yield Cloud(layout)
    finally:
        watcher.kill()
        watcher.wait()
        subprocess.run((*PYTHON, "tests.cloud.stop"), cwd=CHECKOUT, check=True)
