"""What this host gives to images: its ways to packages, and its programs."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from local import debian_sources
from local.bootstrap.packages import this_release
from local.errors import CommandError
from servers.debian_releases import DebianRelease
from tests.cloud.network import RELAY

PROXY_PORT = 3128
PROXY = f"http://{RELAY}:{PROXY_PORT}"
"""Where a machine finds the host's package registries; see `relay.py`."""
CERTIFICATES = Path("/usr/local/share/ca-certificates")


@cache
def sources(release: DebianRelease) -> list[str]:
    """Debian's repositories of a release, where this host's apt finds those of its own."""
    return debian_sources.sources(run(debian_sources.LISTING), this_release(), release)


@cache
def system_files() -> dict[str, bytes]:
    """What makes a Debian tree a machine of ours: its data source, and its way to packages."""
    addresses = {
        "index-url": first_line("pip", "config", "get", "global.index-url"),
        "registry": first_line("npm", "config", "get", "registry"),
    }
    pip = f"[global]\nproxy = {PROXY}\ncert = /etc/ssl/certs/ca-certificates.crt\n"
    if addresses["index-url"]:
        pip += f"index-url = {addresses['index-url']}\n"
    npm = f"proxy={PROXY}\nhttps-proxy={PROXY}\ncafile=/etc/ssl/certs/ca-certificates.crt\n"
    if addresses["registry"]:
        npm += f"registry={addresses['registry']}\n"
    certificates = {
        f"{CERTIFICATES}/{path.name}".lstrip("/"): path.read_bytes()
        for path in sorted(CERTIFICATES.glob("*.crt"))
    }
    return certificates | {
        "etc/cloud/cloud.cfg.d/90-slipcloud.cfg": (
            b"datasource_list: [ConfigDrive]\n"
            b"network: {config: disabled}\n"
            b"manage_etc_hosts: true\n"
            b"locale: false\n"
            b"ssh_genkeytypes: [ed25519]\n"  # the others take a second of each boot
            b"apt: {preserve_sources_list: true}\n"
        ),
        "etc/apt/apt.conf.d/90-slipcloud": (
            f'Acquire::http::Proxy "{PROXY}";\nAcquire::https::Proxy "{PROXY}";\n'
            "Acquire::http::Pipeline-Depth 0;\n"
        ).encode(),
        "etc/dpkg/dpkg.cfg.d/90-slipcloud": b"force-unsafe-io\n",
        "etc/pip.conf": pip.encode(),
        "etc/npmrc": npm.encode(),
    }


def first_line(*command: str) -> str:
    """What a command that may not be there says."""
    if not shutil.which(command[0]):
        return ""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    return outcome.stdout.strip() if outcome.returncode == 0 else ""


def run(command: tuple[str, ...]) -> str:
    """What a command prints; raises CommandError with the end of what it said when it fails."""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        said = (outcome.stdout + outcome.stderr).strip().splitlines()
        raise CommandError("\n  ".join((f"{' '.join(command)[:200]} failed:", *said[-8:])))
    return outcome.stdout
