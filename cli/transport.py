"""Whether what is sent to an address can be read on the way there."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from cli.errors import UsageError


def require_confidential(address: str) -> None:
    """Raises UsageError unless a password for this address is encrypted or stays on this machine.

    Names below `localhost` mean this machine: https://www.rfc-editor.org/rfc/rfc6761#section-6.3.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return
    port = parts.port or 80
    raise UsageError(
        f"{address} is not https: everybody between here and there could read the password. Use "
        f"the server's https address, or forward the port with `ssh -L {port}:localhost:{port} "
        f"{parts.hostname}` and name http://localhost:{port}{parts.path}"
    )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
