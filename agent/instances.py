"""The processes of releases by name, and where the files and the socket of each one are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.component_directory import ComponentDirectory
from agent.server import Server
from model.release import FOLDER, SHORT, Digest

RUN = Path(FOLDER) / "run"
"""The link in a release to the folder of its sockets."""

LONGEST = "x" * 6
"""Stands for a stamp where the length of a path matters."""


@dataclass(frozen=True)
class Instance:
    """A service of a release as it was configured once; configured anew, it is another instance."""

    server: Server
    environment: str
    component: str
    release: str
    """The beginning of its digest."""
    service: str
    stamp: str

    @classmethod
    def named(cls, server: Server, name: str) -> "Instance":
        return cls(server, *name.split("."))

    @property
    def name(self) -> str:
        """What supervisord calls it; one supervisord may serve several environments."""
        words = self.environment, self.component, self.release, self.service, self.stamp
        return ".".join(words)

    @property
    def configuration(self) -> Path:
        return self.server.services / f"{self.name}.conf"

    @property
    def plan(self) -> Path:
        return self.server.services / f"{self.name}.json"

    @property
    def record(self) -> Path:
        """Its process group; not in the folder that its own account may write."""
        return self.server.sockets / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.server.log / f"{self.component}.{self.service}.{self.release}.log"

    @property
    def socket(self) -> Path:
        name = f"{self.service}.{self.stamp}.sock"
        return sockets(self.server, self.component, self.release) / name

    @property
    def link(self) -> Path:
        """The socket's lasting name, by which the edge and other services reach it."""
        return socket(self.server, self.component, self.release, self.service)

    @property
    def answers(self) -> bool:
        """Whether the lasting name means this instance, or will as soon as it runs."""
        return not self.link.is_symlink() or self.link.readlink().name == self.socket.name

    def take_over(self) -> None:
        """Make the lasting name mean this instance, from one moment to the next: rename(2)."""
        draft = self.link.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(self.socket.name)
        draft.rename(self.link)

    def forget(self) -> None:
        for path in (self.configuration, self.plan, self.record):
            path.unlink(missing_ok=True)


def is_name(name: str) -> bool:
    """Whether a program of supervisord's is an instance; no other name of ours holds a dot."""
    return "." in name


def sockets(server: Server, component: str, digest: Digest) -> Path:
    """The folder of a release's sockets."""
    return server.sockets / component / digest[:SHORT]


def socket(server: Server, component: str, digest: Digest, service: str) -> Path:
    return sockets(server, component, digest) / f"{service}.sock"


def dialled(server: Server, component: str, link: str, service: str) -> Path:
    """Where the edge finds a service of whatever release the link means."""
    return server.srv / component / link / RUN / f"{service}.sock"


def paths(server: Server, component: str, link: str, services: Iterable[str]) -> list[Path]:
    """The paths of sockets that must not be too long: those dialled and those listened on."""
    dial = [dialled(server, component, link, service) for service in services]
    own = [Instance(server, "", component, "0" * SHORT, name, LONGEST) for name in services]
    return [*dial, *(instance.socket for instance in own)]


def found(directory: ComponentDirectory) -> list[Instance]:
    """Every instance that supervisord may know of a component, in the order they were started."""
    files = directory.server.services.glob("*.*.*.*.*.conf")
    every = (Instance.named(directory.server, file.stem) for file in files)
    # Only then are files looked at: those of other components come and go.
    own = (instance for instance in every if instance.component == directory.component)
    return sorted(own, key=lambda instance: instance.configuration.stat().st_mtime_ns)
