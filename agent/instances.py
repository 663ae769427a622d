"""An instance is one process of a release; this module names it and its files and sockets."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.component_directory import ComponentDirectory
from agent.server import Server
from model.release import METADATA_FOLDER, SHORT, Digest

SOCKETS_LINK = Path(METADATA_FOLDER) / "run"
"""The link in a release to the folder of its sockets."""

STAMP_LENGTH = 6


@dataclass(frozen=True)
class Instance:
    """A service of a release with one configuration; a new configuration makes a new instance."""

    server: Server
    environment: str
    component: str
    release: str
    """The first `SHORT` characters of its digest."""
    service: str
    stamp: str
    """A hash of its configuration."""

    @classmethod
    def from_name(cls, server: Server, name: str) -> "Instance":
        return cls(server, *name.split("."))

    @property
    def name(self) -> str:
        """The name in supervisord, which may serve several environments."""
        parts = self.environment, self.component, self.release, self.service, self.stamp
        return ".".join(parts)

    @property
    def configuration(self) -> Path:
        return self.server.services / f"{self.name}.conf"

    @property
    def plan(self) -> Path:
        return self.server.services / f"{self.name}.json"

    @property
    def record(self) -> Path:
        """The file with its process group, in a folder that its own account cannot write."""
        return self.server.sockets / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.server.log / f"{self.component}.{self.service}.{self.release}.log"

    @property
    def socket(self) -> Path:
        name = f"{self.service}.{self.stamp}.sock"
        return socket_folder(self.server, self.component, self.release) / name

    @property
    def link(self) -> Path:
        """The socket's stable name, by which the edge and other services reach it."""
        return service_socket(self.server, self.component, self.release, self.service)

    @property
    def is_linked(self) -> bool:
        """Whether the stable name points at this instance, or will as soon as it runs."""
        return not self.link.is_symlink() or self.link.readlink().name == self.socket.name

    def take_over(self) -> None:
        """Point the stable name at this instance, atomically: rename(2)."""
        draft = self.link.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(self.socket.name)
        draft.rename(self.link)

    def remove_files(self) -> None:
        for path in (self.configuration, self.plan, self.record):
            path.unlink(missing_ok=True)


def is_instance_name(name: str) -> bool:
    """Whether a supervisord program is an instance; our other programs have no dot in the name."""
    return "." in name


def socket_folder(server: Server, component: str, digest: Digest) -> Path:
    """The folder of a release's sockets."""
    return server.sockets / component / digest[:SHORT]


def service_socket(server: Server, component: str, digest: Digest, service: str) -> Path:
    return socket_folder(server, component, digest) / f"{service}.sock"


def edge_socket(server: Server, component: str, link: str, service: str) -> Path:
    """The path that the edge connects to, for the release that `current` or `next` points at."""
    return server.srv / component / link / SOCKETS_LINK / f"{service}.sock"


def socket_paths(server: Server, component: str, link: str, services: Iterable[str]) -> list[Path]:
    """The socket paths of a component, which must not exceed the length that Linux allows."""
    release, stamp = "0" * SHORT, "x" * STAMP_LENGTH
    edge = [edge_socket(server, component, link, service) for service in services]
    own = [Instance(server, "", component, release, name, stamp).socket for name in services]
    return [*edge, *own]


def find_instances(directory: ComponentDirectory) -> list[Instance]:
    """The instances of a component that supervisord may have, in the order of their start."""
    files = directory.server.services.glob("*.*.*.*.*.conf")
    instances = (Instance.from_name(directory.server, file.stem) for file in files)
    # Filtered before stat: the files of other components may vanish at any time.
    own = (instance for instance in instances if instance.component == directory.component)
    return sorted(own, key=lambda instance: instance.configuration.stat().st_mtime_ns)
