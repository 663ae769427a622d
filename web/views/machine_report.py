"""The machines of OpenStack projects, as the Releases page shows them."""

from model.reading import Model


class MachineRow(Model):
    """A machine that a worker has or waits for."""

    name: str
    cloud: str
    worker: str
    state: str
    seconds: float
    """How long ago it was requested."""


class MachineReport(Model):
    """Machines that exist now, and what happened since the master started."""

    ready: int
    boot_seconds: float
    """Of all machines that became ready, together."""
    attach_seconds: float
    """From there until the worker was connected, of all machines together."""
    failures: dict[str, int]
    """By cause."""
    removed: int
    swept: int
    """Of those removed, how many had no owner any more."""
    deletes_failed: int
    missing: list[str]
    """What the environments' files name and their projects do not have."""
    machines: list[MachineRow]
    leaving: int
    """Machines that are being deleted."""
    calls: dict[str, dict[str, int]]
    """Requests to OpenStack, by project and by name."""


class MachinesAnswer(Model):
    """What machines.json answers; without a report when no environment has a project."""

    report: MachineReport | None
