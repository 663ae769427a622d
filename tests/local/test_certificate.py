"""The certificate by which workers know the master."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet import reactor
from twisted.internet.endpoints import SSL4ServerEndpoint, serverFromString

from local.services import certificate
from model.installation import Installation

NOW = datetime.now(UTC)
HOSTS = ("127.0.0.1", "master.example.org")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "key.pem", tmp_path / "roots" / "master.pem"
    certificate.ensure(*paths, HOSTS, NOW)
    return paths


def read_greeting(files: tuple[Path, Path], host: str, roots: Path) -> bytes:
    """What a client that trusts `roots` reads from a server with the key and certificate."""
    key, _ = files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    client, server = socket.socketpair()

    def serve() -> None:
        try:
            with context.wrap_socket(server, server_side=True) as end:
                end.sendall(b"hello")
        except OSError:
            server.close()  # the client would not have it

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        trusting = ssl.create_default_context(cafile=roots)
        with trusting.wrap_socket(client, server_hostname=host) as end:
            return end.recv(5)
    finally:
        client.close()
        thread.join()


@pytest.mark.parametrize("host", HOSTS)
def test_the_master_is_verified_at_each_of_its_addresses(
    files: tuple[Path, Path], host: str
) -> None:
    assert read_greeting(files, host, files[1]) == b"hello"


def test_nobody_else_is_taken_for_it(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.key", tmp_path / "others" / "master.pem"
    certificate.ensure(*other, HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        read_greeting(other, HOSTS[0], files[1])
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        read_greeting(files, "192.0.2.1", files[1])


def test_it_stays_until_it_must_be_good_for_more(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    certificate.ensure(*files, HOSTS[:1], NOW)
    assert files[1].read_bytes() == before
    certificate.ensure(*files, (*HOSTS, "10.0.0.1"), NOW)
    assert files[1].read_bytes() != before
    loaded = certificate.load_pair(files[0].read_bytes())
    assert loaded
    assert certificate.names(loaded) == {*HOSTS, "10.0.0.1"}


def test_the_key_is_the_master_s_alone(files: tuple[Path, Path]) -> None:
    key, public = files
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in public.read_text()


def test_it_is_renewed_a_year_before_it_ends_and_not_earlier(files: tuple[Path, Path]) -> None:
    before = [path.read_bytes() for path in files]
    end = NOW + certificate.LIFE
    certificate.ensure(*files, HOSTS, end - certificate.RENEWAL - timedelta(days=1))
    assert [path.read_bytes() for path in files] == before
    certificate.ensure(*files, HOSTS, end - certificate.RENEWAL + timedelta(days=1))
    assert not {path.read_bytes() for path in files} & {*before}
    assert files[1].read_bytes() in files[0].read_bytes()


def test_after_a_crash_between_the_two_files_workers_get_the_certificate_of_the_master_s_key(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    newer = tmp_path / "newer.pem", tmp_path / "newer-roots" / "master.pem"
    certificate.ensure(*newer, HOSTS, NOW)
    newer[0].rename(files[0])  # the run ended here
    with pytest.raises(ssl.SSLCertVerificationError):
        read_greeting(files, HOSTS[0], files[1])
    certificate.ensure(*files, HOSTS, NOW)
    assert read_greeting(files, HOSTS[0], files[1]) == b"hello"
    assert files[1].read_bytes() == newer[1].read_bytes()


def test_the_separate_files_of_an_earlier_version_are_replaced(
    files: tuple[Path, Path],
) -> None:
    key, _, public = files[0].read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    assert public
    files[0].write_bytes(key)
    certificate.ensure(*files, HOSTS, NOW)
    assert read_greeting(files, HOSTS[0], files[1]) == b"hello"


def test_a_file_that_was_cut_off_is_replaced(files: tuple[Path, Path]) -> None:
    for size in (0, 40, 300):
        files[0].write_bytes(files[0].read_bytes()[:size])
        certificate.ensure(*files, HOSTS, NOW)
        assert read_greeting(files, HOSTS[0], files[1]) == b"hello"
    assert [path.name for path in files[1].parent.iterdir()] == ["master.pem"]


def test_buildbot_listens_with_the_one_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    installation = Installation(
        site=tmp_path,
        url="http://localhost/",
        http_port=1,
        worker_port=1,
        worker_key=files[0],
        worker_certificate=files[1],
        store=tmp_path,
        secrets=tmp_path,
    )
    endpoint = serverFromString(reactor, installation.worker_endpoint)
    assert isinstance(endpoint, SSL4ServerEndpoint)
    served = endpoint._sslContextFactory.certificate.to_cryptography()
    assert served.public_bytes(Encoding.PEM) == files[1].read_bytes()
