"""The self-signed certificate by which workers verify the master."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LIFE = timedelta(days=3650)


def ensure(key: Path, certificate: Path, hosts: Collection[str]) -> None:
    """Write a certificate for these names and addresses, unless there is one already."""
    if certificate.exists() and set(hosts) <= names(certificate):
        return
    private = generate_private_key(SECP256R1())
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Slipway master")])
    now = datetime.now(UTC)
    signed = (
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
    certificate.parent.mkdir(exist_ok=True)
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def names(certificate: Path) -> set[str]:
    """The names and addresses for which a certificate is valid."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    alternative = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return {*alternative.get_values_for_type(x509.DNSName), *map(str, addresses)}
