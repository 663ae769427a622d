"""The certificate by which workers know the master."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from local.services import certificate

HOSTS = ("127.0.0.1", "master.example.org")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "key.pem", tmp_path / "roots" / "master.pem"
    certificate.ensure(*paths, HOSTS)
    return paths


def read_greeting(files: tuple[Path, Path], host: str, roots: Path) -> bytes:
    """What a client that trusts `roots` reads from a server with the key and certificate."""
    key, public = files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, key)
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
    certificate.ensure(*other, HOSTS)
    with pytest.raises(ssl.SSLCertVerificationError):
        read_greeting(other, HOSTS[0], files[1])
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        read_greeting(files, "192.0.2.1", files[1])


def test_it_stays_until_it_must_be_good_for_more(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    certificate.ensure(*files, HOSTS[:1])
    assert files[1].read_bytes() == before
    certificate.ensure(*files, (*HOSTS, "10.0.0.1"))
    assert files[1].read_bytes() != before
    assert certificate.names(files[1]) == {*HOSTS, "10.0.0.1"}


def test_the_key_is_the_master_s_alone(files: tuple[Path, Path]) -> None:
    key, public = files
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in public.read_text()
