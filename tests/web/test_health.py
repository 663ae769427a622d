"""Whether what is live answers, asked of real HTTPS servers on loopback."""

import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from buildbot.config.builder import BuilderConfig
from buildbot.process.factory import BuildFactory
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.test.util.integration import RunMasterBase
from buildbot.util.twisted import async_to_deferred
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from model.component import Check
from model.environment import Environment
from model.installation import Installation, Reach, ServerAddress
from model.site import Site
from releases.ledger import history_from_builds
from tests.agent.server_setup import free_ports
from tests.releases.ledgers import OLD, PRODUCTION, SITE, build
from web import page_request
from web.health import HealthChecks
from web.views.board_model import Health
from web.views.live_health import health_of_live

HOST = "blog.p.example"
CHECK = Check(path="/about?lang=en", status=200, contains="Welcome")
SSH_KEY = "ssh-ed25519 AAAA"


class Authority:
    """Signs certificates for host names; `file` is its own certificate, in PEM."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.key = generate_private_key(SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, file.stem)])
        self.lifetime = timedelta(hours=1), timedelta(hours=1)
        """Of what it signs: how long ago it began, and until when it is valid."""
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self.sign(self.name, self.key, basic)
        file.write_bytes(self.certificate)

    def issue(self, host: str, file: Path) -> Path:
        """Write a new key and its certificate for a host, as a server reads them."""
        key = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        signed = self.sign(subject, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + signed)
        return file

    def sign(
        self, subject: x509.Name, key: EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - self.lifetime[0])
            .not_valid_after(now + self.lifetime[1])
            .add_extension(extension, critical=True)
        )
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)


class Edge:
    """A server that answers for the blog of production, as its edge does."""

    def __init__(self, certificate: Path, address: str, port: int) -> None:
        self.status, self.text = CHECK.status, f"<h1>{CHECK.contains}</h1>"
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_slow = False
        """Whether it sends its answer byte by byte, without an end."""
        self.gone = threading.Event()
        """Set when a client of a slow answer has closed the connection."""
        self.requests: list[tuple[str, str | None]] = []
        """The path and the host of each."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server = Server((address, port), handler(self))
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()


class Server(ThreadingHTTPServer):
    """Says nothing of a client that refuses the certificate."""

    def handle_error(self, *_: Any) -> None:
        pass


def handler(edge: Edge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            edge.requests.append((self.path, self.headers["Host"]))
            edge.may_answer.wait(60)
            self.send_response(edge.status)
            if not edge.is_slow:
                self.send_header("Content-Length", str(len(edge.text)))
            self.end_headers()
            if edge.is_slow:
                self.send_slowly()
            self.wfile.write(edge.text.encode())

        def send_slowly(self) -> None:
            try:
                while True:
                    self.wfile.write(b".")
                    time.sleep(0.01)
            except OSError:
                edge.gone.set()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def production(port: int) -> Environment:
    return PRODUCTION.model_copy(update={"https_port": port})


def site(port: int) -> Site:
    """A site whose only component has one check, in production alone."""
    blog = SITE.component("blog").model_copy(update={"checks": (CHECK,)})
    one = {"components": (blog,), "order": (), "environments": (production(port),)}
    return SITE.model_copy(update=one)


def installation(folder: Path, reach: Reach, **edges: str) -> Installation:
    servers = {
        name: ServerAddress(address=address, key=SSH_KEY, edge=address)
        for name, address in edges.items()
    }
    return Installation(
        site=folder,
        url="http://localhost/",
        http_port=1,
        worker_port=1,
        store=folder,
        secrets=folder,
        reach={"production": reach},
        servers={"production": servers} if servers else {},
    )


class OneComponent(TestCase):
    """A component that one edge serves, and the health checks of a master."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.port,) = free_ports(1)
        self.authority = Authority(self.folder / "authority.pem")
        self.edge = self.serve("127.0.0.1")

    def serve(self, address: str, host: str = HOST) -> Edge:
        edge = Edge(self.authority.issue(host, self.folder / host), address, self.port)
        self.addCleanup(edge.stop)
        return edge

    async def checks(self, edge: str | None = None, **edges: str) -> HealthChecks:
        reach = Reach(address=edge, authority=self.authority.file)
        checks = HealthChecks()
        await checks.reconfigService(site(self.port), installation(self.folder, reach, **edges))
        return checks

    async def ask(self, **edges: str) -> Health:
        """What a round of the checks says of the component."""
        checks = await self.checks(None if edges else "127.0.0.1", **edges)
        await checks.check_all()
        return checks.results["production", "blog"]


class Answers(OneComponent):
    """How a component answers, in words."""

    @async_to_deferred
    async def test_a_page_with_the_status_and_the_text_is_well(self) -> None:
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (True, "GET /about?lang=en -> 200")
        assert self.edge.requests == [("/about?lang=en", f"{HOST}:{self.port}")]

    @async_to_deferred
    async def test_another_status_is_ill_and_both_are_named(self) -> None:
        self.edge.status = 502
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> 502, expected 200",
        )

    @async_to_deferred
    async def test_a_page_without_the_expected_text_is_ill(self) -> None:
        self.edge.text = "<h1>Error establishing a database connection</h1>"
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> 200 without 'Welcome'",
        )

    @async_to_deferred
    async def test_a_redirection_is_not_followed(self) -> None:
        self.edge.status = 302
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> 302, expected 200",
        )
        assert len(self.edge.requests) == 1

    @async_to_deferred
    async def test_an_edge_that_does_not_listen_is_ill(self) -> None:
        self.edge.stop()
        answer = await self.ask()
        assert not answer.healthy
        assert answer.message.startswith("GET /about?lang=en -> no answer: Connect")

    @async_to_deferred
    async def test_a_certificate_of_another_authority_is_not_believed(self) -> None:
        self.authority = Authority(self.folder / "other.pem")
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> no answer: its certificate is not trusted",
        )
        assert not self.edge.requests

    @async_to_deferred
    async def test_a_certificate_that_has_not_been_renewed_is_said_before_it_ends(self) -> None:
        self.edge.stop()
        minutes = timedelta(minutes=1)
        for left, is_late in ((21, False), (19, True)):
            self.authority.lifetime = (120 - left) * minutes, left * minutes
            self.edge = self.serve("127.0.0.1")
            answer = await self.ask()
            self.edge.stop()
            assert answer.healthy is not is_late
            assert ("UTC and has not been renewed" in answer.message) is is_late

    @async_to_deferred
    async def test_a_certificate_for_another_host_is_not_believed(self) -> None:
        self.edge.stop()
        self.edge = self.serve("127.0.0.1", "docs.p.example")
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> no answer: its certificate is not trusted",
        )

    @async_to_deferred
    async def test_an_edge_that_does_not_answer_in_time_is_ill(self) -> None:
        self.patch(page_request, "TIMEOUT", 0.2)
        self.edge.may_answer.clear()
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> no answer: none in 0.2 s",
        )

    @async_to_deferred
    async def test_an_answer_that_never_ends_is_ill_and_its_connection_is_closed(self) -> None:
        self.patch(page_request, "TIMEOUT", 0.5)
        self.edge.is_slow = True
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> no answer: none in 0.5 s",
        )
        assert await deferToThread(self.edge.gone.wait, 60)

    @async_to_deferred
    async def test_an_answer_that_is_too_long_is_ill(self) -> None:
        self.patch(page_request, "MOST_BYTES", 1000)
        self.edge.text = "long" * 1000
        answer = await self.ask()
        assert (answer.healthy, answer.message) == (
            False,
            "GET /about?lang=en -> no answer: more than 0.001 MB",
        )

    @async_to_deferred
    async def test_an_edge_that_is_reached_by_its_name_is_asked_too(self) -> None:
        # A name that has this one address everywhere; localhost often has that of IPv6 too.
        checks = await self.checks(edge="127.1")
        checks.pages.names.start()
        try:
            await checks.check_all()
        finally:
            await deferToThread(checks.pages.names.stop)
        assert checks.results["production", "blog"].healthy

    @async_to_deferred
    async def test_a_check_that_fails_makes_health_unknown_and_keeps_when_it_was_known(
        self,
    ) -> None:
        checks = await self.checks(edge="127.0.0.1")
        self.authority.file.write_text("no certificate")
        await checks.check_all()
        unknown = checks.results["production", "blog"]
        assert (unknown.healthy, unknown.when) == (None, None)
        assert unknown.message.startswith("the check failed: ")
        assert len(self.flushLoggedErrors()) == 1
        self.authority.file.write_bytes(self.authority.certificate)
        await checks.check_all()
        known = checks.results["production", "blog"]
        assert known.healthy
        self.authority.file.unlink()
        for _ in range(2):
            await checks.check_all()
            unknown = checks.results["production", "blog"]
            assert (unknown.healthy, unknown.when) == (None, known.when)
        assert len(self.flushLoggedErrors()) == 2

    @async_to_deferred
    async def test_of_two_edges_the_one_that_is_ill_is_named(self) -> None:
        second = self.serve("127.0.0.2")
        edges = {"web-1": "127.0.0.1", "web-2": "127.0.0.2"}
        assert (await self.ask(**edges)).healthy
        second.status = 500
        answer = await self.ask(**edges)
        assert answer.message == "web-2: GET /about?lang=en -> 500, expected 200"
        assert not answer.healthy


class Rounds(RunMasterBase):
    """When a running master asks."""

    @async_to_deferred
    async def test_a_component_is_asked_at_the_start_and_when_something_was_deployed(self) -> None:
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (port,) = free_ports(1)
        authority = Authority(folder / "authority.pem")
        edge = Edge(authority.issue(HOST, folder / HOST), "127.0.0.1", port)
        self.addCleanup(edge.stop)
        reach = Reach(address="127.0.0.1", authority=authority.file)
        rarely = site(port).model_copy(update={"health_seconds": 3600})
        checks = HealthChecks(rarely, installation(folder, reach))
        name = production(port).builder(SITE.component("blog"))
        await self.setup_master(
            {
                "builders": [BuilderConfig(name, workernames=["local1"], factory=BuildFactory())],
                "schedulers": [ForceScheduler(name="force", builderNames=[name])],
                "services": [checks],
                "multiMaster": True,
            }
        )
        await until(lambda: bool(checks.results))
        assert checks.results["production", "blog"].healthy
        edge.status = 500
        await self.doForceBuild()
        await until(lambda: not checks.results["production", "blog"].healthy)
        assert len(edge.requests) == 2


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; the limit of Buildbot's test case ends what never comes."""
    while not condition():
        await deferLater(reactor, 0.01)


LIVE = history_from_builds([build(1, action="promote", live=OLD)])
CAME = LIVE.live.finished
ANSWER = Health(healthy=True, message="GET / -> 200", when=CAME)


def shown(health: Health | None, *, hours: float = 0) -> Health | None:
    """What the board says some hours after the deployment, with a check each minute."""
    return health_of_live(health, LIVE, CAME + timedelta(hours=hours), 60)


def test_an_answer_from_before_the_release_was_live_says_nothing_about_it() -> None:
    assert shown(ANSWER) == ANSWER
    assert shown(ANSWER.model_copy(update={"when": CAME - timedelta(seconds=1)})) is None
    assert shown(None) is None
    assert health_of_live(ANSWER, history_from_builds([]), CAME, 60) is None


def test_an_answer_that_no_check_has_confirmed_for_long_is_unknown_with_its_age() -> None:
    assert shown(ANSWER, hours=0.05) == ANSWER
    old = shown(ANSWER, hours=5)
    assert old
    assert (old.healthy, old.when, old.message) == (None, CAME, "no check has ended since")


def test_a_check_that_failed_is_unknown_and_an_age_from_before_the_release_is_none() -> None:
    failed = ANSWER.model_copy(update={"healthy": None})
    assert shown(failed, hours=5) == failed
    before = failed.model_copy(update={"when": CAME - timedelta(seconds=1)})
    assert shown(before) == failed.model_copy(update={"when": None})
