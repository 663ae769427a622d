"""A server of Debian packages on loopback, whose signed lists apt itself reads."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread

MACHINE = """\
Dir::State "{folder}/state";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line on the terminal for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class SigningKey:
    """A key that signs lists, and the keyring that verifies them."""

    home: Path

    def gpg(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ("gpg", "--homedir", str(self.home), "--batch", "--quiet", *arguments)
        return subprocess.run(command, input=given, check=True, capture_output=True).stdout

    @property
    def keyring(self) -> Path:
        return self.home / "archive-keyring.gpg"


@contextmanager
def signing_key(home: Path) -> Iterator[SigningKey]:
    """A new key in a folder."""
    home.mkdir(mode=0o700)
    key = SigningKey(home)
    try:
        key.gpg("--passphrase", "", "--quick-generate-key", "archive@example.invalid", "ed25519")
        key.keyring.write_bytes(key.gpg("--export"))
        home.chmod(0o755)  # apt's own account reads the keyring
        yield key
    finally:
        home.chmod(0o700)
        subprocess.run(("gpgconf", "--homedir", str(home), "--kill", "all"), check=True)


@dataclass
class DebianServer:
    """What is published on a server, and the apt of a machine that reads some of it."""

    folder: Path
    key: SigningKey
    port: int
    times: Iterator[int] = field(default_factory=lambda: count(int(time.time()) - 3600))
    """Each list has a second of its own: HTTP has no smaller unit, and apt keeps what is as old."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/debian/"

    def publish(self, suite: str, *packages: Path) -> None:
        """Have a suite hold these packages alone, with lists that are signed."""
        lists = self.folder / "debian" / "dists" / suite
        shutil.rmtree(lists, ignore_errors=True)
        inner = f"main/binary-{architecture()}/Packages"
        (lists / inner).parent.mkdir(parents=True)
        (lists / inner).write_text("\n".join(self.stanza(package) for package in packages))
        content = (lists / inner).read_bytes()
        release = (
            f"Origin: Debian\nLabel: Debian\nSuite: {suite}\nCodename: {suite}\n"
            f"Date: {formatdate(usegmt=True)}\nArchitectures: {architecture()}\n"
            f"Components: main\nSHA256:\n {sha256(content)} {len(content)} {inner}\n"
        )
        signed = self.key.gpg("--clear-sign", given=release.encode())
        (lists / "InRelease").write_bytes(signed)
        published = next(self.times)
        for file in (lists / "InRelease", lists / inner):
            os.utime(file, (published, published))

    def stanza(self, package: Path) -> str:
        """A package in a list; its file is served from then on."""
        pool = self.folder / "debian" / "pool"
        pool.mkdir(exist_ok=True)
        content = package.read_bytes()
        file = pool / f"{sha256(content)}.deb"
        file.write_bytes(content)
        query = ("dpkg-deb", "--field", str(package))
        fields = subprocess.run(query, check=True, capture_output=True, text=True).stdout
        sizes = f"Size: {len(content)}\nSHA256: {sha256(content)}\n"
        return f"{fields}Filename: pool/{file.name}\n{sizes}"

    def machine(self, folder: Path, *suites: str) -> Path:
        """The configuration of the apt of a machine with these suites, whose lists are read."""
        (folder / "state/lists/partial").mkdir(parents=True)
        (folder / "cache/archives/partial").mkdir(parents=True)
        source = f"deb [signed-by={self.key.keyring}] {self.url}"
        (folder / "sources.list").write_text("".join(f"{source} {s} main\n" for s in suites))
        (folder / "apt.conf").write_text(MACHINE.format(folder=folder))
        command = ("apt-get", "--config-file", str(folder / "apt.conf"), "--quiet", "update")
        subprocess.run(command, check=True, capture_output=True)
        return folder / "apt.conf"


@contextmanager
def debian_server(folder: Path, key: SigningKey) -> Iterator[DebianServer]:
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield DebianServer(folder, key, server.server_port)
        finally:
            server.shutdown()
            thread.join()


def architecture() -> str:
    command = ("dpkg", "--print-architecture")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
