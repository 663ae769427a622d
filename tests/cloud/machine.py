"""A machine: a Debian system of its own, booted by systemd-nspawn in its network namespace.

Its root is an overlay: the unpacked image below, a folder of its own above. It is mounted where
only the machine's process sees it, so that the mount ends when the machine does.

Its security groups are a table in the same namespace as its own firewall. So, unlike in a real
cloud, its root could remove them: no test may rely on it that this is impossible.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.process_group import Process, read_process
from cloud.polling import wait_until
from local import stop
from tests.cloud import marked, network
from tests.cloud.layout import MARK, Layout

BOOT = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" || exit
shift 2
exec "$@"
"""
PROPAGATE = Path("/run/systemd/nspawn/propagate")
"""Where nspawn makes an empty folder for each machine, which stays when it is killed."""
PATIENCE = 20
"""Seconds in which systemd inside may end its services."""


@dataclass(frozen=True)
class Machine:
    """One machine of one cloud, running or not."""

    layout: Layout
    uuid: str

    @property
    def folder(self) -> Path:
        return self.layout.machines / self.uuid

    @property
    def namespace(self) -> str:
        return f"{self.layout.prefix}m-{self.uuid[:8]}"

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    def prepare(self, tree: Path, files: Mapping[str, bytes]) -> None:
        """Make the folder, with these files laid over the image's."""
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "tree").symlink_to(tree)
        self.write(files)

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            path = self.folder / "upper" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def start(self) -> "subprocess.Popen[bytes]":
        """Boot; the process lasts as long as the machine does, also across reboots from inside."""
        nspawn = (
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={self.folder}/root",
            f"--machine={self.uuid}",
            f"--uuid={self.uuid}",
            f"--network-namespace-path=/run/netns/{self.namespace}",
            "--capability=CAP_NET_ADMIN",  # for its own firewall
            "--register=no",
            "--keep-unit",
            "--console=read-only",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
        )
        tree = str((self.folder / "tree").resolve())
        private = ("unshare", "--mount", "--propagation", "private")
        shell = ("/bin/sh", "-c", BOOT, "sh", tree, str(self.folder))
        with self.console.open("ab") as console:
            process = subprocess.Popen(
                (*private, *shell, *nspawn),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
                env={"PATH": os.environ["PATH"], MARK: str(self.layout.state)},
            )
        (self.folder / "pid").write_text(str(process.pid))
        return process

    @property
    def process(self) -> Process | None:
        """The living process that is the machine, if it runs."""
        pid = stop.read_pid(self.folder / "pid")
        found = read_process(pid) if pid else None
        ours = found and not found.dead and marked.belongs(found, self.layout.state)
        return found if ours else None

    @property
    def init(self) -> int:
        """The number, on this host, of the machine's first process."""
        children = Path(f"/proc/{stop.read_pid(self.folder / 'pid')}/task")
        for listing in children.glob("*/children"):
            for child in listing.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        raise ProcessLookupError(f"{self.uuid} has no first process")

    def shut_down(self) -> None:
        """As if its power button was pressed; without an answer, as if the plug was pulled."""
        if self.process:
            stop.send_signal(signal.SIGTERM, [self.process.pid])
            if not wait_until(lambda: self.process is None, PATIENCE):
                self.kill()

    def kill(self) -> None:
        """Pull the plug: with nspawn everything inside ends."""
        if found := self.process:
            stop.send_signal(signal.SIGKILL, [found.pid])
            wait_until(lambda: self.process is None, PATIENCE)

    def remove(self) -> None:
        """End it and forget all that it was."""
        self.kill()
        network.remove(self.namespace)
        if (PROPAGATE / self.uuid).is_dir():
            (PROPAGATE / self.uuid).rmdir()
        subprocess.run(("rm", "-rf", "--one-file-system", "--", str(self.folder)), check=True)
