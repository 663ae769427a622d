"""The self-signed certificate by which workers verify the master, and its key."""

import os
from collections.abc import Collection
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

LIFE = timedelta(days=3650)
RENEWAL = timedelta(days=365)
"""So long before its end a certificate is replaced, by the next `make run`."""


def ensure(key: Path, certificate: Path, hosts: Collection[str], now: datetime) -> None:
    """Write a key with its certificate for these names and addresses, unless there is a good one.

    Both are in the one file `key`, so that the master never has one without the other. The file
    `certificate` is a copy for workers, which an interrupted run leaves to the next one.
    """
    pem = key.read_bytes() if key.exists() else b""
    loaded = load_pair(pem)
    if not (loaded and set(hosts) <= names(loaded) and now < loaded.not_valid_after_utc - RENEWAL):
        private = generate_private_key(SECP256R1())
        loaded = sign(private, hosts, now)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write(key, pem + loaded.public_bytes(Encoding.PEM), key.parent)
    copy = loaded.public_bytes(Encoding.PEM)
    if not certificate.exists() or certificate.read_bytes() != copy:
        certificate.parent.mkdir(exist_ok=True)
        write(certificate, copy, key.parent, mode=0o644)


def load_pair(pem: bytes) -> x509.Certificate | None:
    """The certificate; None unless its key is there too."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        private = load_pem_private_key(pem, None)
    except ValueError:
        return None
    return certificate if private.public_key() == certificate.public_key() else None


def write(file: Path, content: bytes, drafts: Path, mode: int = 0o600) -> None:
    """Write a file so that after a crash it is the old one or the new one.

    The draft is in another folder: Twisted trusts everything in that of the certificate.
    """
    draft = drafts / ".certificate"
    draft.unlink(missing_ok=True)
    draft.touch(mode=mode)
    with draft.open("wb") as opened:
        opened.write(content)
        os.fsync(opened.fileno())
    draft.rename(file)


def sign(
    private: EllipticCurvePrivateKey, hosts: Collection[str], now: datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Slipway master")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # another machine's clock may be behind
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([general_name(host) for host in hosts]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, SHA256())
    )


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def names(certificate: x509.Certificate) -> set[str]:
    """The names and addresses for which a certificate is valid."""
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return {*alternative.get_values_for_type(x509.DNSName), *map(str, addresses)}
