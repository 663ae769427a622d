"""An ACME authority on loopback: Pebble, with a name server that knows every name as 127.0.0.1."""

import json
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.commands import die_with_parent
from tests.agent.server_setup import free_ports
from tests.agent.waiting import wait_until


@dataclass(frozen=True)
class Pebble:
    """A running authority."""

    directory: str
    root: Path
    """The certificate of its own HTTPS."""
    management: str
    process: "subprocess.Popen[bytes]"

    def authority(self) -> str:
        """The root of the certificates that it issues, another one at each start."""
        context = ssl.create_default_context(cafile=self.root)
        with urllib.request.urlopen(f"{self.management}/roots/0", context=context) as answer:  # noqa: S310  # our own
            text: str = answer.read().decode()
        return text


@contextmanager
def running(folder: Path, http: int, https: int, validity: int) -> Iterator[Pebble]:
    """Run Pebble, which finds hosts at these ports; `validity` of a certificate is in seconds."""
    api, management, names, control = free_ports(4)
    certificate, key = folder / "pebble.pem", folder / "pebble.key"
    make_certificate(certificate, key)
    configuration = {
        "listenAddress": f"127.0.0.1:{api}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": http,
        "tlsPort": https,
        "certificateValidityPeriod": validity,
    }
    file = folder / "pebble.json"
    file.write_text(json.dumps({"pebble": configuration}))
    name_server = [
        *("pebble-challtestsrv", "-management", f"127.0.0.1:{control}"),
        *("-dns01", f"127.0.0.1:{names}", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
        *("-http01", "", "-https01", "", "-tlsalpn01", ""),
    ]
    pebble = ["pebble", "-config", str(file), "-dnsserver", f"127.0.0.1:{names}"]
    with ExitStack() as stack:
        stack.enter_context(program(name_server, folder / "names.log", {}))
        # Without the pauses that it makes to find impatient clients.
        process = stack.enter_context(
            program(pebble, folder / "pebble.log", {"PEBBLE_VA_NOSLEEP": "1"})
        )
        found = Pebble(
            f"https://localhost:{api}/dir", certificate, f"https://localhost:{management}", process
        )
        wait_until(lambda: is_up(found))
        yield found


def is_up(pebble: Pebble) -> bool:
    try:
        return bool(pebble.authority())
    except OSError:
        return False


def make_certificate(certificate: Path, key: Path) -> None:
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-subj", "/CN=localhost", "-addext", names),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def program(
    command: list[str], log: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program during the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            die_with_parent(command),
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
