"""The processes of instances: started in order when they are needed, ended when they are not."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from agent import account_command, database, process_group, readiness, service_process
from agent.component_directory import ComponentDirectory, write_atomically
from agent.instance import Instance
from agent.launch import Plan
from agent.plans import plan_process
from agent.readiness import LogExcerpt
from agent.service_process import ServiceProcess
from agent.supervisor import section, supervisor_of
from model.component import Service
from model.release import Manifest


def start(directory: ComponentDirectory, instance: Instance, *, show_log: bool = False) -> None:
    """Have every service of an instance run and be healthy; those that run and are healthy stay.

    Processes that an older agent has started in another way are replaced together, when all new
    ones are healthy. Raises AgentError naming the service; with `show_log`, its log is printed and
    quoted, which is safe only where the caller can hide the instance's secrets.
    """
    manifest = directory.manifest(instance)
    current = [
        start_service(directory, instance, manifest, service, show_log)
        for service in manifest.services
    ]
    old = [
        process
        for process in service_process.find_processes(directory)
        if process.instance == instance.short and process not in current
    ]
    serving = [process for process in old if process.is_linked]
    for process in current:
        process.take_over()
    stop(directory, old, serving)


def start_service(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    service: Service,
    show_log: bool,
) -> ServiceProcess:
    """Start a service and wait until it is healthy; raises AgentError."""
    process, plan = plan_process(directory, instance, manifest, service)
    supervisor = supervisor_of(directory.server, directory.component)
    written = process.log.stat().st_size if process.log.exists() else 0
    write_files(process, plan)
    supervisor.ensure_running(process.name)
    log = LogExcerpt(
        process.log, written, secret=database.password(directory, instance) if show_log else None
    )
    readiness.wait_until_healthy(directory, process, service, supervisor, log)
    return process


def end_others(directory: ComponentDirectory, instance: Instance | None) -> None:
    """End every process of the component that does not serve this instance, the newest first."""
    kept = instance.short if instance else None
    running = service_process.find_processes(directory)
    obsolete = [p for p in reversed(running) if p.instance != kept or not p.is_linked]
    stop(directory, obsolete, [process for process in obsolete if process.is_linked])
    installed = {installed.short for installed in directory.instances()}
    for log in directory.server.component_log(directory.component).glob("*.*.log*"):
        if log.name.split(".")[1] not in installed:
            log.unlink()
    for folder in (directory.server.sockets / directory.component).glob("*/"):
        if folder.name != kept:
            shutil.rmtree(folder)


def stop(
    directory: ComponentDirectory,
    obsolete: Sequence[ServiceProcess],
    serving: Sequence[ServiceProcess],
) -> None:
    """End processes; all get their signal first, so that a slow one does not delay the others.

    At those that served, visitors may be waiting, who are served before.
    """
    for process in obsolete:
        if process in serving:
            readiness.drain(process)
        supervisor_of(directory.server, directory.component).stop(process.name)
    for process in obsolete:
        end(directory, process)


def end(directory: ComponentDirectory, process: ServiceProcess) -> None:
    """End a process; its files go last, since they say that it may still run."""
    supervisor_of(directory.server, directory.component).remove(process.name)
    if process_group.exists(process.record):
        account_command.run_program(directory, process_group.ending(process.record))
    process.remove_files()


def write_files(process: ServiceProcess, plan: Plan) -> None:
    """Write the configuration of supervisord and the plan of `agent.launch`."""
    if process.configuration.exists():
        return
    write_atomically(process.plan, json.dumps(asdict(plan), indent=2) + "\n", 0o640)
    write_atomically(
        process.configuration, section(f"program:{process.name}", program_keys(process)), 0o640
    )


def program_keys(process: ServiceProcess) -> Mapping[str, object]:
    """The section of a process; its priority is between those of the database and the edge."""
    launcher = (sys.executable, "-B", "-m", "agent.launch", str(process.plan))
    return {
        "command": shlex.join(launcher),
        "directory": Path(__file__).parents[1],
        "priority": 250,
        "autostart": "true",
        "autorestart": "true",
        "startretries": 1000,
        "stopsignal": "TERM",
        "stopwaitsecs": 30,
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": process.log,
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 3,
    }
