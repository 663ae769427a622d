"""One request for a page of a live release, as visitors make it, with a limit on all of it."""

import socket
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from OpenSSL.SSL import Error as SSLError
from service_identity import VerificationError
from twisted.internet import reactor as twisted_reactor
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import (
    Certificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from twisted.web.client import URI, Agent, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer  # type: ignore[attr-defined]  # it has no __all__

reactor: Any = twisted_reactor
TIMEOUT = 10.0
"""Seconds for the whole of a request, from the host name to the last byte."""

MOST_BYTES = 10_000_000
"""Of a page that is checked."""


RENEWED = 1 / 6
"""The part of a certificate's time before its end when it should have been renewed long ago.

Caddy does it when a third is left; many other clients of ACME too.
"""


class NoAnswer(Exception):
    """A request that brought no answer; the text says why."""


class Page(NamedTuple):
    """A page that was answered."""

    status: int
    text: str
    certificate: x509.Certificate

    def overdue(self, now: datetime) -> str:
        """What is wrong with the time of the certificate; empty when it is renewed in time."""
        end = self.certificate.not_valid_after_utc
        lifetime = end - self.certificate.not_valid_before_utc
        if end - now > lifetime * RENEWED:
            return ""
        return f"its certificate ends at {end:%Y-%m-%d %H:%M} UTC and has not been renewed"


@implementer(IAgentEndpointFactory, IStreamClientEndpoint)
class PageConnection:
    """One connection to one address, whatever the host name resolves to; TLS verifies the name."""

    def __init__(self, address: str, authority: Path | None) -> None:
        self.address = address
        self.authority = authority
        """Who signs the certificates, in PEM; None: whom this machine trusts."""
        self.endpoint: Any = None
        self.protocol: Any = None

    def endpointForURI(self, uri: URI) -> Any:
        kind: Any = TCP6ClientEndpoint if isIPv6Address(self.address) else TCP4ClientEndpoint
        options = optionsForClientTLS(uri.host.decode(), trustRoot=self.trust_root())
        endpoint = kind(reactor, self.address, uri.port, timeout=TIMEOUT)
        self.endpoint = wrapClientTLS(options, endpoint)
        return self

    def connect(self, factory: Any) -> "Deferred[Any]":
        connecting: Deferred[Any] = self.endpoint.connect(factory)
        return connecting.addCallback(self.keep)

    def keep(self, protocol: Any) -> Any:
        self.protocol = protocol
        return protocol

    def trust_root(self) -> Any:
        if self.authority is None:
            return platformTrust()
        return trustRootFromCertificates([Certificate.loadPEM(self.authority.read_bytes())])

    def certificate(self) -> x509.Certificate:
        """The server's, after an answer."""
        found: x509.Certificate = self.protocol.transport.getPeerCertificate().to_cryptography()
        return found

    def end(self) -> None:
        """Close the connection, whatever the server still sends or does not send."""
        if self.protocol and self.protocol.transport:
            self.protocol.transport.abortConnection()


class PageBody(Protocol):
    """Collects the body of a response; Twisted's `readBody` leaves a slow connection open."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.complete: Deferred[str] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > MOST_BYTES and not self.complete.called:
            self.complete.errback(NoAnswer(f"more than {MOST_BYTES / 1e6:g} MB"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.complete.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.complete.callback(self.data.decode(errors="replace"))
        else:
            self.complete.errback(reason)


class PageRequests:
    """Requests pages without a thread, except that host names are resolved in a few of its own."""

    def __init__(self, threads: int) -> None:
        self.names = ThreadPool(minthreads=0, maxthreads=threads, name="names of edges")

    async def get(self, url: str, edge: str, authority: Path | None) -> Page:
        """The answer; a redirection is not followed.

        `edge` is what to connect to; empty: wherever the host name leads. Raises NoAnswer.
        """
        answer = Deferred.fromCoroutine(self.request(url, edge, authority))
        answer.addTimeout(TIMEOUT, reactor, onTimeoutCancel=refuse_late_answer)
        try:
            result: Page = await answer
        except (ResponseFailed, ConnectError, ConnectionClosed, socket.gaierror) as error:
            raise NoAnswer(cause(error)) from None
        return result

    async def request(self, url: str, edge: str, authority: Path | None) -> Page:
        host = URI.fromBytes(url.encode()).host.decode()
        connection = PageConnection(await self.resolve(edge or host), authority)
        agent = Agent.usingEndpointFactory(reactor, connection)
        headers = Headers({"User-Agent": ["slipway-health"]})
        try:
            response = await agent.request(b"GET", url.encode(), headers)
            certificate = connection.certificate()
            body = PageBody()
            response.deliverBody(body)
            return Page(response.code, await body.complete, certificate)
        finally:
            connection.end()

    async def resolve(self, host: str) -> str:
        """The first address of a host, as visitors find it.

        Twisted's own resolver would use the threads that the whole master shares.
        """
        if isIPAddress(host) or isIPv6Address(host):
            return host
        look_up = deferToThreadPool(
            reactor, self.names, socket.getaddrinfo, host, None, type=socket.SOCK_STREAM
        )
        first, *_ = await look_up
        return str(first[4][0])


def refuse_late_answer(_result: Any, seconds: float) -> None:
    raise NoAnswer(f"none in {seconds:g} s")


def cause(error: BaseException) -> str:
    """Why a request failed, whatever Twisted wraps it in."""
    first = error.reasons[0].value if isinstance(error, ResponseFailed) else error
    if isinstance(first, SSLError | VerificationError):
        return "its certificate is not trusted"
    return type(first).__name__
