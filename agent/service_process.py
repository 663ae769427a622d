"""The names, files and sockets of the processes of instances."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.component_directory import ComponentDirectory
from agent.instance import Instance
from agent.server import Server
from model.release import METADATA_FOLDER

SOCKETS_LINK = Path(METADATA_FOLDER) / "run"
"""The link in an instance to the folder of its sockets."""

STAMP_LENGTH = 6


@dataclass(frozen=True)
class ServiceProcess:
    """A process of a service of an instance, started in one way."""

    server: Server
    environment: str
    component: str
    instance: str
    """The short name of the instance."""
    service: str
    stamp: str
    """A hash of how it is started; a newer agent may start it in another way."""

    @classmethod
    def from_name(cls, server: Server, name: str) -> "ServiceProcess":
        return cls(server, *name.split("."))

    @property
    def name(self) -> str:
        """The name in supervisord, which may serve several environments."""
        parts = self.environment, self.component, self.instance, self.service, self.stamp
        return ".".join(parts)

    @property
    def configuration(self) -> Path:
        return self.server.services(self.component) / f"{self.name}.conf"

    @property
    def plan(self) -> Path:
        return self.server.services(self.component) / f"{self.name}.json"

    @property
    def record(self) -> Path:
        """The file with its process group, which the process itself writes."""
        return self.server.sockets / self.component / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        folder = self.server.component_log(self.component)
        return folder / f"{self.service}.{self.instance}.log"

    @property
    def socket(self) -> Path:
        """In a folder for each service, which is open to the edge only if the service is public."""
        folder = socket_folder(self.server, self.component, self.instance)
        return folder / self.service / f"{self.stamp}.sock"

    @property
    def link(self) -> Path:
        """The socket's stable name, by which the edge and other services reach it."""
        return service_socket(self.server, self.component, self.instance, self.service)

    @property
    def is_linked(self) -> bool:
        """Whether the stable name points at this process, or will as soon as it runs."""
        return not self.link.is_symlink() or self.link.readlink() == self.target

    def take_over(self) -> None:
        """Point the stable name at this process, atomically: rename(2)."""
        draft = self.link.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.symlink_to(self.target)
        draft.rename(self.link)

    @property
    def target(self) -> Path:
        """What the stable name points at when it points at this process."""
        return Path(self.service) / self.socket.name

    def remove_files(self) -> None:
        for path in (self.configuration, self.plan, self.record):
            path.unlink(missing_ok=True)


def is_process_name(name: str) -> bool:
    """Whether a supervisord program is such a process; our other programs have no dot."""
    return "." in name


def socket_folder(server: Server, component: str, instance: str) -> Path:
    """The folder of the sockets of an instance, which is given by its short name."""
    return server.sockets / component / instance


def service_socket(server: Server, component: str, instance: str, service: str) -> Path:
    return socket_folder(server, component, instance) / f"{service}.sock"


def edge_socket(server: Server, component: str, link: str, service: str) -> Path:
    """The path that the edge connects to, for the instance that `current` or `next` points at."""
    return server.srv / component / link / SOCKETS_LINK / f"{service}.sock"


def socket_paths(server: Server, component: str, link: str, services: Iterable[str]) -> list[Path]:
    """The socket paths of a component, which must not exceed the length that Linux allows."""
    instance, stamp = Instance("0" * 64, "12345").short, "x" * STAMP_LENGTH
    edge = [edge_socket(server, component, link, service) for service in services]
    own = [ServiceProcess(server, "", component, instance, name, stamp).socket for name in services]
    return [*edge, *own]


def find_processes(directory: ComponentDirectory) -> list[ServiceProcess]:
    """The processes of a component that supervisord may have, in the order of their start."""
    files = directory.server.services(directory.component).glob("*.*.*.*.*.conf")
    processes = (ServiceProcess.from_name(directory.server, file.stem) for file in files)
    return sorted(processes, key=lambda process: process.configuration.stat().st_mtime_ns)
