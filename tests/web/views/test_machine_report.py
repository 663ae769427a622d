"""What the master says about its machines fits what the Releases page shows."""

from types import SimpleNamespace

from web.views.machine_report import MachinesAnswer
from workers.sweeper import Sweeper


def service() -> Sweeper:
    sweeper = Sweeper()
    sweeper.clouds = {"staging": SimpleNamespace(calls={"create_server": 2})}  # type: ignore[dict-item]  # its counts are all that is read
    sweeper.register("staging-build-1", "staging", "slipway-1", lost=lambda: None)
    sweeper.statistics.failures["quota"] += 1
    return sweeper


def test_every_number_of_the_service_is_in_the_answer() -> None:
    report = MachinesAnswer.model_validate({"report": service().report()}).report
    assert report is not None
    assert [machine.name for machine in report.machines] == ["slipway-1"]
    assert report.failures == {"quota": 1}
    assert report.calls == {"staging": {"create_server": 2}}


def test_without_a_project_there_is_no_report() -> None:
    assert MachinesAnswer.model_validate({"report": Sweeper().report()}).report is None
