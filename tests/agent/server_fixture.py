"""A real server for the tests, on loopback, and the agent's verbs on it."""

import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent import mariadb, service_process
from agent.commands import run
from agent.component_directory import CURRENT, ComponentDirectory
from agent.instance import Instance
from agent.listeners import listening_process
from agent.pages import EdgeConnection, PageResponse, public_fetcher
from agent.server import Server
from model.component import Component
from model.environment import Environment
from model.release import EnvironmentContext, Manifest
from tests.agent.packaging import Release, pack, sign_release
from tests.agent.server_accounts import ServerAccounts
from tests.agent.supervision import Supervisord
from tests.conftest import ROOT

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class VerbResult:
    """The exit code and the output of a verb."""

    code: int
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        return (self.stderr if self.code else self.stdout).strip().splitlines()[-1]


@dataclass(frozen=True)
class ServerFixture:
    """A server of the environment `testing`, the key that signs its releases, its components."""

    folder: Path
    settings: Server
    environment: Environment
    components: Mapping[str, Component]
    private_key: str
    supervisord: Supervisord
    accounts: ServerAccounts
    services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """The processes of its services, by name."""

    @property
    def settings_file(self) -> Path:
        return self.folder / "server.toml"

    def directory(self, component: str) -> ComponentDirectory:
        return ComponentDirectory(self.settings, component)

    def instance(self, release: Release) -> Instance:
        """The instance of a release that was live last."""
        return self.directory(release.component).require_instance(release.digest)

    def tree(self, release: Release) -> Path:
        """The folder of that instance."""
        return self.directory(release.component).tree(self.instance(release))

    def agent_command(self, verb: str, component: str, *arguments: str | Path) -> list[str]:
        words = ["-m", "agent", "--server", self.settings_file, verb, component, *arguments]
        return [*self.accounts.prefix(self.environment.name), sys.executable, *map(str, words)]

    def run_agent(self, verb: str, component: str, *arguments: str | Path) -> VerbResult:
        return run_command(self.agent_command(verb, component, *arguments))

    def prepare(self, release: Release, secrets: Mapping[str, str] | None = None) -> VerbResult:
        files = "--artifact", release.artifact, "--provenance", release.provenance
        command = self.agent_command("prepare", release.component, release.digest, *files)
        return run_command(command, self.context(release.component, secrets))

    def context(self, component: str, secrets: Mapping[str, str] | None = None) -> str:
        context = EnvironmentContext.of(self.environment, self.components[component])
        values = {"salt": "pepper"} if secrets is None else dict(secrets)
        return context.model_copy(update={"secrets": values}).model_dump_json()

    def rehearse(self, release: Release, secrets: Mapping[str, str] | None = None) -> VerbResult:
        command = self.agent_command("rehearse", release.component, release.digest)
        return run_command(command, self.context(release.component, secrets))

    def run_verb(self, verb: str, release: Release) -> VerbResult:
        if verb == "rehearse":
            return self.rehearse(release)
        return self.run_agent(verb, release.component, release.digest)

    def deploy(self, release: Release) -> VerbResult:
        """Run all verbs in their order until one fails; the last result."""
        result = self.prepare(release)
        for verb in ("rehearse", "switch"):
            if not result.code:
                result = self.run_verb(verb, release)
        return result

    def start(
        self, verb: str, release: Release, secrets: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a verb, which the test kills or waits for."""
        arguments: tuple[str | Path, ...] = ()
        if verb == "prepare":
            arguments = "--artifact", release.artifact, "--provenance", release.provenance
        command = self.agent_command(verb, release.component, release.digest, *arguments)
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment_with_bytecode(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin
        process.stdin.write(self.context(release.component, secrets).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def page(self, component: str, path: str = "/", label: str | None = None) -> PageResponse:
        """A page as a visitor gets it, over verified TLS."""
        host = self.components[component].host if label is None else label
        return public_fetcher(self.settings, self.environment.location(host))(path)

    def host(self, component: str, label: str | None = None) -> str:
        """The host and port in a visitor's request."""
        label = self.components[component].host if label is None else label
        return urlsplit(self.environment.location(label)).netloc

    def open_connection(self, component: str, label: str | None = None) -> EdgeConnection:
        """A visitor's connection, which stays open."""
        context = ssl.create_default_context(cafile=self.settings.authority)
        return EdgeConnection(self.settings, self.host(component, label).partition(":")[0], context)

    def get_plain_http(
        self, component: str, path: str, label: str | None = None
    ) -> tuple[int, str | None]:
        """Status and redirection of a page over HTTP."""
        connection = HTTPConnection("127.0.0.1", self.settings.http_port, timeout=5)
        host = self.host(component, label).partition(":")[0]
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        location = response.getheader("Location")
        connection.close()
        return response.status, location

    def live_process(self, component: str, service: str) -> int:
        """The process that visitors reach."""
        return listening_process(
            service_process.edge_socket(self.settings, component, CURRENT, service)
        )

    def running_services(self, component: str) -> list[tuple[str, str]]:
        """Release and name of every service that supervisord has."""
        return [
            (process.instance.partition("-")[0], process.service)
            for process in service_process.find_processes(self.directory(component))
        ]

    def events(self, component: str) -> list[str]:
        return [event.event for event in self.directory(component).journal.events()]

    def run_sql(self, statements: str) -> str:
        assert self.settings.database
        return run(mariadb.query_command(self.settings.database), statements)

    def build_release(
        self,
        component: str,
        files: Mapping[str, str | bytes],
        manifest: Manifest | None = None,
        signed_as: str | None = None,
        private_key: str | None = None,
    ) -> Release:
        """Pack and sign a release; `signed_as` is the component in its provenance."""
        manifest = manifest or Manifest.of(self.components[component])
        number = len(list(self.folder.glob("tree-*")))
        tree = self.folder / f"tree-{number}"
        for name, text in {".slipway/manifest.json": manifest.model_dump_json(), **files}.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        digest, artifact = pack(tree)
        envelope = artifact.with_suffix(".json")
        key = private_key or self.private_key
        envelope.write_bytes(sign_release(signed_as or component, digest, key))
        return Release(component, digest, artifact, envelope)


def run_command(command: list[str], standard_input: str = "") -> VerbResult:
    result = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment_with_bytecode(),
        input=standard_input,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return VerbResult(result.returncode, result.stdout, result.stderr)


def environment_with_bytecode() -> dict[str, str]:
    """The tests' environment variables, with bytecode allowed as for an installed program."""
    variables = {
        name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    return {"PYTHONPYCACHEPREFIX": str(ROOT / "var" / "cache" / "pycache"), **variables}
