"""A real supervisord: its configuration, the programs that it restarts, and their end."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from supervisor.options import ServerOptions

from agent.errors import AgentError
from agent.launch import Plan
from agent.process_group import BOOT_ID, recorded_group
from agent.processes import write_files
from agent.server import Server
from agent.service_process import ServiceProcess
from agent.supervisor import Supervisor
from cloud.polling import wait_until
from local.errors import CommandError
from local.layout import Layout, require_short_paths
from local.program_starter import ProgramStarter
from local.run import bring_up, run
from local.services import environment_servers
from local.services.probes import LOOPBACK
from local.services.programs import Program, programs
from local.services.supervisord import configuration
from local.start_steps import StartStep, Startup
from local.stop import own_pids, own_processes, remove_installation, send_signal, stop
from model.component import Service
from model.site import Site

pytestmark = pytest.mark.real
SECONDS = 20


def sleeper(layout: Layout, name: str = "sleeper") -> Program:
    """A program that does nothing for a long time, with a child that does the same."""
    return Program(
        name=name,
        command=("/bin/sh", "-c", "sleep 600 & wait"),
        folder=layout.state,
        is_ready=lambda: recorded_group(layout.pids / name) is not None,
        priority=1,
        restart_when=(layout.state / "restart-me",),
    )


def installed(state: Path, *others: Program) -> Layout:
    layout = Layout(state)
    for folder in (layout.state, layout.home, layout.logs, layout.pids):
        folder.mkdir(parents=True)
    start(layout, sleeper(layout), *others)
    return layout


def start(layout: Layout, *wanted: Program, folders: Sequence[Path] = ()) -> None:
    layout.supervisor_configuration.write_text(configuration(layout, wanted, folders))
    starter = ProgramStarter(layout)
    if starter.needs_supervisor(wanted):
        starter.start_supervisor()
    starter.supervisor.update()
    starter.start(wanted)


def kill(layout: Layout) -> None:
    """End everything at once, without the patience of `make stop`."""
    while left := own_pids(layout):
        send_signal(signal.SIGKILL, left)


def leader(layout: Layout, name: str = "sleeper") -> int:
    group = recorded_group(layout.pids / name)
    assert group
    return group


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Layout]:
    layout = installed(tmp_path / "one")
    yield layout
    kill(layout)


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Layout]:
    layout = installed(tmp_path / "two")
    yield layout
    kill(layout)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for the sockets in it, unlike pytest's own."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def test_stopping_ends_everything_of_ours_and_nothing_of_a_neighbour(
    installation: Layout, neighbour: Layout
) -> None:
    theirs = set(own_pids(neighbour))
    assert stop(installation)
    assert not own_processes(installation)
    assert set(own_pids(neighbour)) == theirs
    assert not stop(installation)


def test_what_a_killed_supervisord_leaves_behind_is_stopped_too(installation: Layout) -> None:
    assert wait_until(
        lambda: len(own_processes(installation)) == 3, SECONDS
    )  # a program and its child
    os.kill(int(installation.supervisor_pid.read_text()), signal.SIGKILL)
    assert wait_until(lambda: len(own_processes(installation)) == 2, SECONDS)
    assert stop(installation)
    assert not own_processes(installation)


@pytest.mark.parametrize("recorded", ["another process", "another boot"])
def test_a_process_that_got_a_recorded_number_later_is_not_ours(
    installation: Layout, recorded: str
) -> None:
    with subprocess.Popen(("sleep", "600"), process_group=0) as stranger:
        stat = Path(f"/proc/{stranger.pid}/stat").read_text().split()
        boot_id = BOOT_ID.read_text()
        record = installation.pids / "stranger"
        record.write_text(f"{' '.join(stat)} {boot_id}")
        assert stranger.pid in own_pids(installation)
        if recorded == "another process":
            stat[21] = "1"  # when it started
        else:
            boot_id = "another-boot\n"
        record.write_text(f"{' '.join(stat)} {boot_id}")
        assert stranger.pid not in own_pids(installation)
        stop(installation)
        assert stranger.poll() is None
        stranger.kill()


def test_a_killed_program_starts_again_after_its_orphans_have_ended(installation: Layout) -> None:
    before = leader(installation)
    assert wait_until(lambda: len(own_processes(installation)) == 3, SECONDS)
    orphans = {p.pid for p in own_processes(installation) if p.group == before} - {before}
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: leader(installation) != before, SECONDS)
    assert orphans
    assert wait_until(lambda: not orphans & set(own_pids(installation)), SECONDS)


def test_a_second_start_changes_nothing_unless_something_changed(installation: Layout) -> None:
    before = leader(installation)
    start(installation, sleeper(installation))
    assert leader(installation) == before
    (installation.state / "restart-me").write_text("new")
    start(installation, sleeper(installation))
    assert wait_until(lambda: leader(installation) != before, SECONDS)


def test_a_program_that_is_no_longer_configured_ends(installation: Layout) -> None:
    start(installation, sleeper(installation), sleeper(installation, "second"))
    second = leader(installation, "second")
    start(installation, sleeper(installation))
    assert wait_until(lambda: second not in own_pids(installation), SECONDS)


def released(layout: Layout) -> ServiceProcess:
    """A process of a release on a server of this installation, written as a deployment does."""
    folder = layout.server("staging")
    server = Server(
        srv=folder, run=folder / "run", state=folder / "state", log=folder / "log",
        public_key=folder, php_fpm="php-fpm",
    )  # fmt: skip
    instance = ServiceProcess(server, "staging", "docs", "0" * 12, "web", "abcdef")
    for path in (server.services("docs"), server.component_log("docs"), server.sockets / "docs"):
        path.mkdir(parents=True)
    plan = Plan(
        command=["sleep", "600"], folder=str(folder), socket=str(instance.socket),
        name=str(instance.link), record=str(instance.record), settings=str(folder / "no.env"),
        variables={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    start(layout, sleeper(layout), folders=[server.services("docs")])
    write_files(instance, plan)
    return instance


def process(instance: ServiceProcess) -> int:
    return recorded_group(instance.record) or 0


def test_processes_of_releases_are_left_to_deployments(installation: Layout) -> None:
    instance = released(installation)
    supervisor = Supervisor(installation.supervisor_socket)
    supervisor.update()
    assert instance.name not in supervisor.states()
    supervisor.ensure_running(instance.name)
    assert wait_until(lambda: process(instance) > 0, SECONDS)
    before = process(instance)
    start(installation, sleeper(installation), folders=[instance.configuration.parent])
    assert before in own_pids(installation)
    assert process(instance) == before
    supervisor.remove(instance.name)
    assert before not in own_pids(installation)


def test_processes_of_releases_stop_and_come_back_with_everything_else(
    installation: Layout,
) -> None:
    instance = released(installation)
    Supervisor(installation.supervisor_socket).ensure_running(instance.name)
    assert wait_until(lambda: process(instance) > 0, SECONDS)
    assert stop(installation)
    assert not own_processes(installation)
    assert not instance.record.exists()
    installation.pids.mkdir()
    start(installation, sleeper(installation), folders=[instance.configuration.parent])
    assert wait_until(lambda: process(instance) in own_pids(installation), SECONDS)


def test_what_a_killed_supervisor_leaves_of_releases_ends_too(installation: Layout) -> None:
    instance = released(installation)
    Supervisor(installation.supervisor_socket).ensure_running(instance.name)
    assert wait_until(lambda: process(instance) > 0, SECONDS)
    os.kill(int(installation.supervisor_pid.read_text()), signal.SIGKILL)
    assert process(instance) in own_pids(installation)
    assert stop(installation)
    assert not own_processes(installation)


def test_a_program_that_gives_up_is_named_with_the_end_of_its_log(installation: Layout) -> None:
    broken = Program(
        name="broken",
        command=("/bin/sh", "-c", "echo no luck today; exit 3"),
        folder=installation.state,
        is_ready=lambda: False,
        priority=1,
        restarts=0,
    )
    with pytest.raises(CommandError, match=r"(?s)broken does not answer.*no luck today"):
        start(installation, broken)


def test_only_an_installation_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    with pytest.raises(CommandError, match="no installation of ours"):
        remove_installation(Layout(tmp_path / "letters"))
    assert (tmp_path / "letters").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="no service runs as root")
def test_a_port_in_use_is_named_in_one_line_and_nothing_is_started(demo: Site, short: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        layout = Layout(short / "s", site=demo.folder, http_port=port)
        with pytest.raises(CommandError) as refusal:
            run(layout)
    assert "\n" not in str(refusal.value)
    assert "is in use by another program" in str(refusal.value)
    assert not own_processes(layout)
    assert [path.name for path in layout.state.iterdir()] == ["lock"]


def start_and_fail(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    demo: Site,
    servers: Mapping[str, Server] | None = None,
) -> None:
    """A start in which a step fails after the program has been started."""

    def start_program(startup: Startup) -> None:
        start(startup.layout, *startup.programs)

    def fail(startup: Startup) -> None:
        assert own_pids(startup.layout)
        raise AgentError("out of luck")

    monkeypatch.setattr(
        "local.run.STEPS", (StartStep("Program", start_program), StartStep("Luck", fail))
    )
    program = replace(sleeper(layout), account="staging")
    startup = Startup(demo, layout, servers or {}, (program,))
    with pytest.raises(CommandError, match="out of luck"):
        bring_up(startup)


def test_a_step_that_fails_is_shown_and_everything_that_was_started_ends(
    demo: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    layout = Layout(tmp_path / "one")
    layout.state.mkdir()
    start_and_fail(layout, monkeypatch, demo)
    assert not own_pids(layout)
    printed = capsys.readouterr().out
    assert "✓ Program " in printed
    assert printed.endswith("✗ Luck\n")


def test_a_step_that_fails_after_a_reboot_leaves_what_serves_a_release(
    demo: Site, short: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(short / "s")
    servers = environment_servers.settings(demo, layout)
    live = servers["staging"].srv / "blog" / "current"
    live.parent.mkdir(parents=True)
    live.symlink_to("releases/1")
    start_and_fail(layout, monkeypatch, demo, servers)
    assert own_pids(layout)
    assert "what could be started goes on" in capsys.readouterr().out
    assert stop(layout)


def test_what_serves_a_release_starts_after_a_reboot_although_an_earlier_step_fails(
    demo: Site, installation: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stop(installation)
    live = installation.server("staging") / "srv" / "blog" / "current"
    live.parent.mkdir(parents=True)
    live.symlink_to("releases/1")

    def fail(_: Startup) -> None:
        raise AgentError("out of luck")

    monkeypatch.setattr("local.run.STEPS", (StartStep("Luck", fail),))
    servers = {"staging": environment_servers.server(demo, demo.environments[0], installation)}
    startup = Startup(demo, installation, servers, (sleeper(installation),))
    with pytest.raises(CommandError, match="out of luck"):
        bring_up(startup)
    assert leader(installation) in own_pids(installation)


def test_a_step_that_fails_leaves_what_ran_before(
    demo: Site, installation: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = leader(installation)
    start_and_fail(installation, monkeypatch, demo)
    assert leader(installation) == before
    assert before in own_pids(installation)


def test_supervisord_reads_the_configuration_of_the_demo(demo: Site, short: Path) -> None:
    layout = Layout(short / "s")
    layout.logs.mkdir(parents=True)
    wanted = programs(demo, layout, environment_servers.settings(demo, layout))
    for program in wanted:
        program.folder.mkdir(parents=True, exist_ok=True)
    layout.supervisor_configuration.write_text(configuration(layout, wanted))
    options = ServerOptions()
    options.realize(["-c", str(layout.supervisor_configuration)])
    read = [process for group in options.process_group_configs for process in group.process_configs]
    assert [process.name for process in read] == [
        "production-database",
        "staging-database",
        "production-php-blog",
        "production-php-docs",
        "staging-php-blog",
        "staging-php-docs",
        "production-edge",
        "staging-edge",
        "master",
        "worker-build",
        "worker-production",
        "worker-review",
        "worker-staging",
    ]
    paths = {process.name: process.environment["PATH"] for process in read}
    assert paths["worker-staging"].startswith(f"{layout.server('staging')}/bin:")
    assert "production" not in paths["worker-build"] + paths["worker-staging"]


def test_a_service_whose_socket_has_no_room_is_refused(demo: Site, short: Path) -> None:
    service = Service(name="s" * 14, command=("node", "server.js"))
    component = demo.components[0].model_copy(
        update={"name": "c" * 14, "runtime": "node", "services": (service,)}
    )
    site = demo.model_copy(update={"components": (component,)})
    environment_servers.settings(site, Layout(short / "s"))
    with pytest.raises(CommandError, match=r"s{14}.*\.sock is \d+ bytes too long"):
        environment_servers.settings(site, Layout(short / ("x" * 20)))


def test_a_socket_whose_path_is_too_long_is_refused_with_a_way_out() -> None:
    with pytest.raises(CommandError, match=r"is 2 bytes too long; .* STATE=/some/short/path"):
        require_short_paths([Path("/" + "x" * 104), Path("/short")])
    require_short_paths([Path("/" + "x" * 102)])
