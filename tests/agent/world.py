"""One real server for the tests: Caddy, php-fpm and MariaDB on loopback, and releases for it."""

import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent import instances, mariadb, services
from agent.commands import run
from agent.component_directory import CURRENT, ComponentDirectory
from agent.pages import Answer, Public, public
from agent.peers import listener
from agent.server import Server
from model.component import Component
from model.environment import Environment
from model.reading import read
from model.release import Digest, EnvironmentContext, Manifest
from releases.provenance import Material, Provenance, generate_key, sign
from tests.agent.supervision import Supervisord
from tests.conftest import ROOT

REPOSITORY = Path(__file__).parents[2]

EDGE = "www-data"
AS_EDGE = () if os.geteuid() else (f"--reuid={EDGE}", f"--regid={EDGE}", "--clear-groups")
"""Root has only the edge run as somebody else: php-fpm and MariaDB are tested without root."""

TAR = (
    *("tar", "--sort=name", "--mtime=@1735689600", "--owner=0", "--group=0", "--numeric-owner"),
    *("--mode=u+rwX,go+rX,go-w", "--format=pax", "--pax-option=delete=atime,delete=ctime"),
)


@dataclass(frozen=True)
class Release:
    """What a build hands over."""

    component: str
    digest: Digest
    artifact: Path
    provenance: Path


@dataclass(frozen=True)
class Outcome:
    """How a verb ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def last(self) -> str:
        return (self.stderr if self.code else self.stdout).strip().splitlines()[-1]


@dataclass(frozen=True)
class World:
    """A server of an environment `testing`, its key, and its components."""

    folder: Path
    server: Server
    environment: Environment
    components: Mapping[str, Component]
    private_key: str
    supervisord: Supervisord

    @property
    def server_file(self) -> Path:
        return self.folder / "server.toml"

    def directory(self, component: str) -> ComponentDirectory:
        return ComponentDirectory(self.server, component)

    def command(self, verb: str, component: str, *arguments: str | Path) -> list[str]:
        words = ["-m", "agent", "--server", self.server_file, verb, component, *arguments]
        return [sys.executable, *map(str, words)]

    def call(self, verb: str, component: str, *arguments: str | Path, given: str = "") -> Outcome:
        command = self.command(verb, component, *arguments)
        return outcome(command, given)

    def prepare(
        self,
        release: Release,
        secrets: Mapping[str, str] | None = None,
        wrapper: tuple[str, ...] = (),
    ) -> Outcome:
        files = "--artifact", release.artifact, "--provenance", release.provenance
        command = self.command("prepare", release.component, release.digest, *files)
        return outcome([*wrapper, *command], self.context(release.component, secrets))

    def context(self, component: str, secrets: Mapping[str, str] | None = None) -> str:
        context = EnvironmentContext.of(self.environment, self.components[component])
        given = {"salt": "pepper"} if secrets is None else dict(secrets)
        return context.model_copy(update={"secrets": given}).model_dump_json()

    def on(self, verb: str, release: Release) -> Outcome:
        return self.call(verb, release.component, release.digest)

    def deploy(self, release: Release) -> Outcome:
        """All verbs in order, until one fails."""
        last = self.prepare(release)
        for verb in ("migrate", "check", "switch"):
            if not last.code:
                last = self.on(verb, release)
        return last

    def start(
        self, verb: str, release: Release, secrets: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a verb that does not end by itself, or not yet."""
        arguments: tuple[str | Path, ...] = ()
        if verb == "prepare":
            arguments = "--artifact", release.artifact, "--provenance", release.provenance
        command = self.command(verb, release.component, release.digest, *arguments)
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=compiled(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin
        process.stdin.write(self.context(release.component, secrets).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def page(self, component: str, path: str = "/", label: str | None = None) -> Answer:
        """What a visitor is shown over verified TLS."""
        host = self.components[component].host if label is None else label
        return public(self.server, self.environment.location(host))(path)

    def host(self, component: str, label: str | None = None) -> str:
        """The name and port that a visitor asks for."""
        chosen = self.components[component].host if label is None else label
        return urlsplit(self.environment.location(chosen)).netloc

    def visitor(self, component: str, label: str | None = None) -> Public:
        """A visitor's connection, which stays open."""
        context = ssl.create_default_context(cafile=self.server.authority)
        return Public(self.server, self.host(component, label).partition(":")[0], context)

    def plain(self, component: str, path: str, label: str | None = None) -> tuple[int, str | None]:
        """Status and redirection of a page over HTTP."""
        connection = HTTPConnection("127.0.0.1", self.server.http_port, timeout=5)
        host = self.host(component, label).partition(":")[0]
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        location = response.getheader("Location")
        connection.close()
        return response.status, location

    def listening(self, component: str, service: str) -> int:
        """The process that visitors reach."""
        return listener(instances.dialled(self.server, component, CURRENT, service))

    def running(self, component: str) -> list[tuple[str, str]]:
        """Release and name of every service that supervisord was told of."""
        return [(i.release, i.service) for i in instances.found(self.directory(component))]

    def events(self, component: str) -> list[str]:
        return [event.event for event in self.directory(component).journal.events()]

    def sql(self, statements: str) -> str:
        assert self.server.database
        return run(mariadb.query(self.server.database), statements)

    def release(
        self,
        component: str,
        files: Mapping[str, str],
        manifest: Manifest | None = None,
        signed_as: str | None = None,
        private_key: str | None = None,
    ) -> Release:
        """Pack and sign a release as the build does."""
        described = manifest or Manifest.of(self.components[component])
        number = len(list(self.folder.glob("tree-*")))
        tree = self.folder / f"tree-{number}"
        written = {".slipway/manifest.json": described.model_dump_json(), **files}
        for name, text in written.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        digest, artifact = pack(tree)
        envelope = artifact.with_suffix(".json")
        name = signed_as or component
        envelope.write_bytes(self.signature(name, digest, private_key or self.private_key))
        return Release(component, digest, artifact, envelope)

    def signature(self, component: str, digest: Digest, private_key: str) -> bytes:
        source = Material(
            repository="https://example.org/upstream.git", release="1.0", commit="0" * 40
        )
        provenance = Provenance(
            component=component,
            digest=digest,
            materials=(source,),
            patches=(),
            build="http://localhost/builds/1",
            worker="build",
            finished=datetime(2025, 1, 1, tzinfo=UTC),
        )
        return sign(provenance, private_key)


def outcome(command: list[str], given: str) -> Outcome:
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=compiled(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


def compiled() -> dict[str, str]:
    """The tests' environment, but with a place for bytecode, as an installed program has one."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(ROOT / "var" / "cache" / "pycache"), **kept}


def pack(tree: Path) -> tuple[Digest, Path]:
    """The digest and the compressed artifact of a tree."""
    tar = tree.with_suffix(".tar")
    subprocess.run([*TAR, "-C", str(tree), "-cf", str(tar), "."], check=True)
    subprocess.run(["zstd", "-q", "-f", str(tar)], check=True)
    digest = subprocess.check_output(["sha256sum", str(tar)], text=True).split()[0]
    return digest, tar.with_suffix(".tar.zst")


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition; the test fails when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def gone(process: int) -> bool:
    """Whether a process has ended; nobody may be there to bury what was orphaned."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def make(folder: Path, components: tuple[Component, ...]) -> World:
    """A world whose services do not run yet."""
    http, https = free_ports(2)
    private, public_key = generate_key()
    (folder / "key.pem").write_text(public_key)
    settings = {
        **{name: str(folder / name) for name in ("srv", "run", "state", "log")},
        "public_key": str(folder / "key.pem"),
        "http_port": http,
        "https_port": https,
        "bind": "127.0.0.1",
        "authority": str(folder / "state/edge/pki/authorities/local/root.crt"),
        "supervisor": str(folder / "supervisord.sock"),
        "patience": 5,
        **({} if os.geteuid() else {"edge_group": EDGE}),
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    account = pwd.getpwuid(os.geteuid()).pw_name
    database = {"socket": str(folder / "run/mariadb.sock"), "user": account}
    if any(component.database for component in components):
        lines += ["[database]", *(f"{key} = {json.dumps(text)}" for key, text in database.items())]
    (folder / "server.toml").write_text("\n".join(lines) + "\n")
    environment = Environment(
        name="testing",
        domain="test.localhost",
        indexed=False,
        tls="internal",
        http_port=http,
        https_port=https,
        keep=2,
    )
    server = read(folder / "server.toml", Server)
    return World(
        folder, server, environment, {c.name: c for c in components}, private, Supervisord(server)
    )


@contextmanager
def running(world: World) -> Iterator[World]:
    """Run the world's services; all of them are stopped afterwards, whatever happened."""
    parts = tuple(world.components.values())
    services.write(world.server, world.environment, parts)
    account = pwd.getpwuid(os.geteuid()).pw_name
    if world.server.database:
        run(mariadb.initialise(world.server, account))
    if not os.geteuid():
        open_to_the_edge(world.server)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name, command in services.commands(world.server, parts).items():
            log = (world.server.log / f"{name}.out").open("wb")
            die_with_parent = ["setpriv", "--pdeathsig", "TERM", *AS_EDGE, *map(str, command)]
            started.append(subprocess.Popen(die_with_parent, stdout=log, stderr=log))
        world.supervisord.start()
        until(lambda: ready(world) and world.supervisord.runs())
        yield world
    finally:
        world.supervisord.end()
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(20)
        # Releases are read-only, and pytest could not remove them.
        run(["chmod", "-R", "u+w", world.server.srv])
        run(["rm", "-rf", mariadb.folder(world.server)])


def open_to_the_edge(server: Server) -> None:
    """Let the edge's account do what it must, and the accounts of processes find their sockets."""
    for folder in (server.srv, server.run, server.state, server.log):
        folder.chmod(0o755)
    for folder in (server.run, server.log, server.certificates):
        shutil.chown(folder, EDGE, EDGE)


def ready(world: World) -> bool:
    server = world.server
    assert server.authority
    awaited = [server.preview_socket, server.authority]
    if server.database:
        awaited += [server.database.socket, server.php_pid]
    if not all(path.exists() for path in awaited):
        return False
    try:
        return all(world.page(component).status for component in world.components)
    except Exception as reason:
        if "tls" in str(reason).lower() or "certificate" in str(reason).lower():
            return False
        raise
