"""A complete second installation of the demo site, driven as its users drive it."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, JSONDecodeError

from agent.pages import FetchPage, PageResponse, public_fetcher
from agent.server import Server
from cloud.polling import wait_until
from local.layout import CHECKOUT, Layout
from local.ui_passwords import passwords
from model.component import Component
from model.environment import Environment
from model.reading import read
from model.site import Site, read_site
from tests import mirrors

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds; a condition that takes longer is a failure."""
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
"""Which of pytest's processes this is: each has an installation of its own."""
ASIDE = 10_000 + 2_000 * int(WORKER.removeprefix("gw"))
"""What is added to a site's ports: its installation and the tests' may run at the same time."""
RELEASE = "x-slipway-release"
RELEASER, SECOND = "releaser", "second"
"""Those who may press in the tests' site."""


def until(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Wait for a condition; its value, or a failure that says what never came."""
    value: T | None = None

    def holds() -> bool:
        nonlocal value
        value = condition()
        return bool(value)

    assert wait_until(holds, seconds, 0.05), f"never came: {what}"
    assert value is not None
    return value


class Line:
    """One running installation: its repositories, its Buildbot, its two environments."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.anonymous = requests.Session()
        self.releaser = requests.Session()

    @property
    def site(self) -> Site:
        return read_site(self.layout.site, self.layout.environments)

    def place(self, environment: str, component: str) -> tuple[Environment, Component]:
        return self.site.environment(environment), self.site.component(component)

    # What an operator types.

    def make(self, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one of the README's commands for this installation."""
        layout = self.layout
        here = {
            "SITE": layout.site,
            "ENVIRONMENTS": layout.environments,
            "STATE": layout.state,
            "MIRRORS": layout.mirrors,
            "PORT": layout.http_port,
            **variables,
        }
        words = [f"{name}={value}" for name, value in here.items()]
        return subprocess.run(
            ["make", target, *words], cwd=CHECKOUT, check=False, capture_output=True, text=True
        )

    def made(self, target: str, **variables: str) -> str:
        """What a command prints that must succeed."""
        done = self.make(target, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, options: str = "") -> str:
        return self.made("run", OPTIONS=options)

    # What visitors see.

    def page(self, environment: str, component: str, path: str = "/") -> PageResponse:
        """A page over verified TLS."""
        place, served = self.place(environment, component)
        server = read(self.layout.server(environment) / "server.toml", Server)
        return public_fetcher(server, place.url(served))(path)

    def live(self, environment: str, component: str) -> str | None:
        """The digest that the application itself names; none before the first deployment."""
        return self.told(component, lambda path: self.page(environment, component, path))

    def told(self, component: str, ask: FetchPage) -> str | None:
        """The same, by whatever is asked for a page: the application names the instance."""
        if self.site.component(component).runtime == "php":
            name = ask(self.site.component(component).checks[0].path).headers.get(RELEASE, "")
        else:
            answer = ask("/.well-known/slipway-release")
            name = answer.body if answer.status == 200 else ""
        return name.partition("-")[0] or None

    # What contributors push.

    def mirror(self, component: str, number: int = -1) -> Path:
        """The bare repository of one of a component's sources; the last overlay by default."""
        address = self.site.component(component).sources[number].repository
        return self.layout.mirrors / address.removeprefix("https://")

    def push(self, component: str, files: dict[str, str], *subjects: str) -> None:
        """Commit to the branch that the component follows, and push; no hook is sent."""
        branch = self.site.component(component).sources[-1].branch
        clone = self.layout.state / "home" / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        environment = os.environ | {"GIT_CONFIG_GLOBAL": str(self.layout.gitconfig)}

        def git(*arguments: str) -> None:
            subprocess.run(("git", *arguments), check=True, env=environment, capture_output=True)

        git("clone", "--branch", str(branch), f"file://{self.mirror(component)}", str(clone))
        for number, subject in enumerate(subjects):
            for name, text in files.items():
                path = clone / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n" * number)
            git("-C", str(clone), "add", "--all")
            git("-C", str(clone), "commit", "-m", subject)
        git("-C", str(clone), "push", "origin", f"HEAD:{branch}")

    # What the Buildbot UI does.

    def get(self, path: str, **query: Any) -> Any:
        """What the REST API says.

        Buildbot 4.3.0 sometimes ends an answer before it is written: asking again helps,
        https://github.com/buildbot/buildbot/issues/9065.
        """
        url = f"http://127.0.0.1:{self.layout.http_port}/api/v2/{path}"

        def whole() -> tuple[Any] | None:
            try:
                answer = self.anonymous.get(url, params=query, timeout=30)
                answer.raise_for_status()
                return (answer.json(),)
            except (ContentDecodingError, ChunkedEncodingError, JSONDecodeError):
                return None

        return until(whole, f"a whole answer of {path}")[0]

    def log_in(self) -> None:
        url = f"http://127.0.0.1:{self.layout.http_port}/auth/login"
        login = RELEASER, passwords(self.layout)[RELEASER]
        answer = self.releaser.get(url, auth=login, allow_redirects=False, timeout=30)
        assert answer.status_code in (200, 302), answer.text

    def press(
        self, button: str, builder: str, session: requests.Session | None = None, /, **fields: str
    ) -> requests.Response:
        """Press a force button for a builder; as the releaser unless said otherwise."""
        path = f"forceschedulers/{button}"
        given = {"reason": "a test", "builderid": self.builder_id(builder), **fields}
        return self.control(path, "force", session, **given)

    def builder_id(self, builder: str) -> int:
        return int(self.get(f"builders/{builder}")["builders"][0]["builderid"])

    def control(
        self, path: str, method: str, session: requests.Session | None = None, /, **fields: Any
    ) -> requests.Response:
        url = f"http://127.0.0.1:{self.layout.http_port}/api/v2/{path}"
        call: Any = {"jsonrpc": "2.0", "id": 1, "method": method, "params": fields}
        return (session or self.releaser).post(url, json=call, timeout=30)

    def builds(self, builder: str, **query: Any) -> list[dict[str, Any]]:
        """A builder's latest builds, newest first."""
        asked = {"order": "-number", "limit": 5, **query}
        return list(self.get(f"builders/{builder}/builds", **asked)["builds"])

    def finished(self, builder: str, after: int) -> dict[str, Any]:
        """The first build of a builder beyond a number, as soon as it is complete."""

        beyond: Any = {"number__gt": after, "complete": "true", "order": "number", "limit": 1}
        return until(lambda: self.builds(builder, **beyond), f"{builder} after {after}")[0]

    def number(self, builder: str) -> int:
        """The number of a builder's latest build; 0 for none."""
        return next((int(build["number"]) for build in self.builds(builder, limit=1)), 0)

    def said(self, build: dict[str, Any]) -> dict[str, str]:
        """What each step of a build said."""
        steps = self.get(f"builds/{build['buildid']}/steps")["steps"]
        return {step["name"]: step["state_string"] for step in steps}

    def properties(self, build: dict[str, Any]) -> dict[str, Any]:
        stored = self.get(f"builds/{build['buildid']}/properties")["properties"][0]
        return {name: value for name, (value, _) in stored.items()}

    def pressed(self, button: str, builder: str, **fields: str) -> dict[str, Any]:
        """The complete build that a press starts."""
        before = self.number(builder)
        answer = self.press(button, builder, **fields)
        assert answer.status_code == 200, answer.text
        return self.finished(builder, before)

    def promote(self, component: str) -> dict[str, Any]:
        builder = f"{component}-production"
        done = self.pressed("promote-production", builder)
        assert done["results"] == 0, self.said(done)
        return done

    def idle(self) -> None:
        """Wait until nothing is built, deployed or asked for."""

        def quiet() -> bool:
            requests_ = self.get("buildrequests", complete="false", limit=1)["buildrequests"]
            return not requests_

        until(quiet, "an idle master")

    # What goes wrong.

    def kill(self, program: str) -> None:
        """SIGKILL a program's whole process group."""
        group = int((self.layout.pids / program).read_text().split()[0])
        os.killpg(group, signal.SIGKILL)


def fresh(folder: Path) -> Line:
    """An installation of the demo site that has never run, with repositories of its own."""
    line = Line(layout(folder / "run"))
    emptied(line)
    mirrors.copy_to(line.layout.mirrors)
    site_copy(CHECKOUT / "sites" / "demo", line.layout.site)
    return line


def emptied(line: Line) -> None:
    """Stop and forget whatever an earlier run left in the installation's folder."""
    folder = line.layout.state.parent
    line.made("clean")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def site_copy(site: Path, folder: Path) -> None:
    """A site with ports of its own."""
    shutil.copytree(site, folder, dirs_exist_ok=True)
    ports = re.compile(r"(?<=_port = )(\d+)")
    for path in folder.glob("environments*/*.toml"):
        path.write_text(ports.sub(lambda port: str(int(port[0]) + ASIDE), path.read_text()))


def poll_often(site: Path) -> None:
    """Have pushes without a hook found soon: tests wait for them."""
    file = site / "site.toml"
    file.write_text(re.sub(r"poll_seconds = \d+", "poll_seconds = 2", file.read_text()))


def two_releasers(site: Path) -> None:
    """Have a second person who may press, as a promotion by two people needs."""
    file = site / "site.toml"
    both = f'releasers = ["{RELEASER}", "{SECOND}"]'
    file.write_text(re.sub(r"releasers = .*", both, file.read_text()))


def layout(state: Path) -> Layout:
    here = Layout(state=state, http_port=ASIDE + 8010, worker_port=ASIDE + 8011)
    return replace(here, site=state.parent / "site", mirrors=state.parent / "mirrors")
