"""A real Buildbot master whose workers are machines of the test cloud, driven over its API."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from openstack.connection import Connection
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, JSONDecodeError

from local.layout import CHECKOUT
from tests.cloud.fixture import Cloud
from tests.whole.line import until

SUCCESS, EXCEPTION, RETRY, CANCELLED = 0, 4, 5, 6
"""buildbot.process.results"""
SHORT = "boot_seconds = 60\nattach_seconds = 90\n"
"""Limits that a test can wait for; a machine here boots in two seconds and calls in a few more,
but not while others boot beside it."""
LONG = 300.0
"""Seconds for a build and its machines, while tests beside it have some too."""
GATEWAY = "169.254.169.254"
"""Where machines find the services of this host, in every network."""
MACHINES = '''# -*- python -*-
import sys
import threading
from pathlib import Path

import requests

sys.path.insert(0, "{checkout}")

from builders.choice import ready_first
from model.environment import Environment
from model.reading import read
from workers.latent import MachineWorker
from workers.sweeper import Sweeper
from workers.warm import WarmPool

send = requests.Session.send


def sent(*arguments, **more):
    """OpenStack is never asked on the reactor's thread: the UI would stand still meanwhile."""
    assert threading.current_thread() is not threading.main_thread(), "on the reactor's thread"
    return send(*arguments, **more)


requests.Session.send = sent
environment = read(Path("staging.toml"), Environment, name="staging")
names = [f"{prefix}-{{number}}" for number in range(1, environment.openstack.build.machines + 1)]
workers = [MachineWorker(name, environment, "build") for name in names]
services = [Sweeper((environment,), Path("{clouds}")), WarmPool()]
chosen = ready_first
'''
"""The first part of a configuration: its workers, and what stands behind them."""
CONFIGURATION = """
from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property
from buildbot.schedulers.forcesched import ForceScheduler, StringParameter
from buildbot.steps.shell import ShellCommand

BuildmasterConfig = {{
    "buildbotURL": "http://127.0.0.1:{www}/",
    "buildbotNetUsageData": None,
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "protocols": {{"pb": {{"port": "tcp:{pb}:interface=127.0.0.1"}}}},
    "www": {{"port": "tcp:{www}:interface=127.0.0.1"}},
    "services": services,
    "workers": workers,
    "schedulers": [
        ForceScheduler(
            name="force",
            builderNames=["blog-build"],
            properties=[StringParameter(name="command", default="true")],
        )
    ],
    "builders": [
        BuilderConfig(
            name="blog-build",
            workernames=names,
            nextWorker=chosen,
            collapseRequests=False,
            factory=BuildFactory([ShellCommand(command=["sh", "-c", Property("command")])]),
        )
    ],
}}
"""
ENVIRONMENT = """domain = "staging.localhost"
indexed = false
tls = "internal"
[openstack]
cloud = "{project}"
master = "{master}"
network = "internal"
security_groups = ["worker"]
{place}
[openstack.build]
image = "slipway-worker-*"
flavor = "small"
{lane}
"""


@dataclass
class Master:
    """A master in a folder of its own, with one builder whose machines are in one project."""

    cloud: Cloud
    folder: Path
    www: int
    pb: int
    place: str = ""
    """Further lines of the table `[openstack]`."""
    lane: str = "machines = 1"
    correct: tuple[str, str] = ("", "")
    """What the environment's file says by right, and what it says instead."""
    clouds: Path | None = None
    """The cloud's own `clouds.yaml` when absent."""
    prefix: str = "build"
    """What the names of its workers begin with."""
    project: str = "staging"
    workers: str = MACHINES
    programs: Path = Path(sys.executable).parent
    """Where Buildbot is."""
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def configure(self) -> None:
        values = {
            "checkout": CHECKOUT,
            "www": self.www,
            "pb": self.pb,
            "clouds": self.clouds or self.cloud.clouds_yaml,
            "prefix": self.prefix,
        }
        (self.folder / "master.cfg").write_text((self.workers + CONFIGURATION).format(**values))
        text = ENVIRONMENT.format(
            project=self.project,
            master=self.address,
            place=self.place,
            lane=self.lane,
        )
        (self.folder / "staging.toml").write_text(text.replace(*self.correct))

    @property
    def address(self) -> str:
        """Where machines find it."""
        return f"{GATEWAY}:{self.pb}"

    def start(self) -> None:
        """Start, or start again with what is configured now."""
        self.configure()
        if not (self.folder / "buildbot.tac").exists():
            create = (str(self.programs / "buildbot"), "create-master", "--quiet", str(self.folder))
            subprocess.run(create, check=True)
        command = (
            str(self.programs / "twistd"),
            "--nodaemon",
            "--pidfile=",
            "--python=buildbot.tac",
        )
        log = (self.folder / "printed.log").open("ab")
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        until(self.answers, f"a master: {self.log[-2000:]}")

    def reconfigure(self) -> None:
        """Have the running master read what is configured now."""
        assert self.process is not None
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return bool(self.get("workers")["workers"])
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End it as its supervisor would, and wait."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
            finally:
                self.process = None

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    @property
    def log(self) -> str:
        logs = [self.folder / name for name in ("twistd.log", "printed.log")]
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())

    # What the UI does.

    def get(self, path: str, **query: Any) -> Any:
        """What the REST API says, asked again if the answer was cut off, as buildbot #9065 does."""
        url = f"http://127.0.0.1:{self.www}/api/v2/{path}"
        for _ in range(5):
            answer = requests.get(url, params=query, timeout=30, stream=True)
            answer.raise_for_status()
            with suppress(ContentDecodingError, ChunkedEncodingError, JSONDecodeError):
                return answer.json()
        raise AssertionError(f"no whole answer of {path}")

    def control(self, path: str, method: str, **fields: str) -> Any:
        url = f"http://127.0.0.1:{self.www}/api/v2/{path}"
        call: Any = {"jsonrpc": "2.0", "id": 1, "method": method, "params": fields}
        answer = requests.post(url, json=call, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def build(self, command: str = "true") -> int:
        """Ask for a build; the request's number."""
        _, requested = self.control("forceschedulers/force", "force", command=command)
        return int(next(iter(requested.values())))

    def builds(self, request: int) -> list[dict[str, Any]]:
        """The builds of a request, in their order."""
        return list(self.get(f"buildrequests/{request}/builds")["builds"])

    def finished(self, request: int, seconds: float = LONG) -> dict[str, Any]:
        """The build that a request has ended with."""

        def done() -> dict[str, Any] | None:
            asked = self.get(f"buildrequests/{request}")["buildrequests"][0]
            return self.builds(request)[-1] if asked["complete"] else None

        return until(done, f"the end of request {request}: {self.log[-3000:]}", seconds)

    def running(self, request: int) -> dict[str, Any]:
        """The build of a request as soon as its command runs."""
        what = f"a running build of request {request}: {self.log[-3000:]}"
        return until(lambda: self.at_work(request), what)

    def at_work(self, request: int) -> dict[str, Any] | None:
        """The build of a request, if its command runs."""
        for build in self.builds(request)[-1:]:
            steps = self.get(f"builds/{build['buildid']}/steps")["steps"]
            if any(s["name"] == "shell" and s["started_at"] for s in steps):
                return build
        return None

    def told(self, build: dict[str, Any]) -> str:
        """What the build's first step says about its machine."""
        return self.logged(build, 0, "machine")

    def printed(self, build: dict[str, Any]) -> str:
        """What the build's command printed."""
        raw = self.logged(build, -1, "stdio")
        return "".join(line[1:] for line in raw.splitlines() if line.startswith("o"))

    def logged(self, build: dict[str, Any], step: int, name: str) -> str:
        steps = self.get(f"builds/{build['buildid']}/steps")["steps"]
        logs = self.get(f"steps/{steps[step]['stepid']}/logs")["logs"]
        found = [log["logid"] for log in logs if log["name"] == name]
        return "".join(self.get(f"logs/{log}/contents")["logchunks"][0]["content"] for log in found)


Begin = Callable[..., Master]
"""Starts a master of a test's own."""


def servers(connection: Connection) -> list[Any]:
    return list(connection.compute.servers())


def empty(connection: Connection) -> bool:
    """Whether a project has no machine; without details, for which Nova would ask Neutron."""
    return not list(connection.compute.servers(details=False))
