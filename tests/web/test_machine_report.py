"""What the master says about its machines fits what the Releases page shows."""

from types import SimpleNamespace

from web.machine_report import MachinesAnswer
from workers.machines import Machines


def service() -> Machines:
    machines = Machines()
    machines.clouds = {"staging": SimpleNamespace(calls={"create_server": 2})}  # type: ignore[dict-item]  # its counts are all that is read
    machines.begin("staging-build-1", "staging", "slipway-1", lost=lambda: None)
    machines.numbers.failures["quota"] += 1
    return machines


def test_every_number_of_the_service_is_in_the_answer() -> None:
    report = MachinesAnswer.model_validate({"told": service().told()}).told
    assert report is not None
    assert [machine.name for machine in report.machines] == ["slipway-1"]
    assert report.failures == {"quota": 1}
    assert report.calls == {"staging": {"create_server": 2}}


def test_without_a_project_there_is_no_report() -> None:
    assert MachinesAnswer.model_validate({"told": Machines().told()}).told is None
