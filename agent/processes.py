"""The processes of releases: started in order when they are needed, ended when they are not."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from agent import database, instances, process_group, readiness
from agent.component_directory import ComponentDirectory, write_atomically
from agent.errors import AgentError
from agent.instances import Instance
from agent.launch import Plan
from agent.plans import plan_instance
from agent.readiness import LogExcerpt
from agent.supervisor import Supervisor, section
from model.component import Service
from model.release import SHORT, Digest, Manifest


def start(directory: ComponentDirectory, digest: Digest, *, show_log: bool = False) -> None:
    """Have every service of a release run and be healthy; those that run and are healthy stay.

    Instances that an older configuration of the release started are replaced together, when all new
    ones are healthy. Raises AgentError naming the service; with `show_log`, its log is printed and
    quoted, which is safe only where the caller can hide the release's secrets.
    """
    manifest = directory.manifest(digest)
    current = [
        start_service(directory, digest, manifest, service, show_log)
        for service in manifest.services
    ]
    release = digest[:SHORT]
    old = [
        i for i in instances.find_instances(directory) if i.release == release and i not in current
    ]
    serving = [instance for instance in old if instance.is_linked]
    for instance in current:
        instance.take_over()
    stop(directory, old, serving)


def start_service(
    directory: ComponentDirectory,
    digest: Digest,
    manifest: Manifest,
    service: Service,
    show_log: bool,
) -> Instance:
    """Start a service and wait until it is healthy; raises AgentError."""
    instance, plan = plan_instance(directory, digest, manifest, service)
    supervisor = supervisor_of(directory)
    written = instance.log.stat().st_size if instance.log.exists() else 0
    write_files(instance, plan)
    supervisor.ensure_running(instance.name)
    log = LogExcerpt(
        instance.log, written, secret=database.password(directory) if show_log else None
    )
    readiness.wait_until_healthy(directory, instance, service, supervisor, log)
    return instance


def end_others(directory: ComponentDirectory, digest: Digest | None) -> None:
    """End every process of the component that does not serve this release, the newest first."""
    release = digest[:SHORT] if digest else None
    running = instances.find_instances(directory)
    obsolete = [i for i in reversed(running) if i.release != release or not i.is_linked]
    stop(directory, obsolete, [instance for instance in obsolete if instance.is_linked])
    present = {name[:SHORT] for name in directory.installed_digests()}
    for log in directory.server.log.glob(f"{directory.component}.*.*.log*"):
        if log.name.split(".")[2] not in present:
            log.unlink()
    for folder in (directory.server.sockets / directory.component).glob("*"):
        if folder.name != release:
            shutil.rmtree(folder)


def stop(
    directory: ComponentDirectory, obsolete: Sequence[Instance], serving: Sequence[Instance]
) -> None:
    """End instances; all get their signal first, so that a slow one does not delay the others.

    At those that served, visitors may be waiting, who are served before.
    """
    for instance in obsolete:
        if instance in serving:
            readiness.drain(instance)
        supervisor_of(directory).stop(instance.name)
    for instance in obsolete:
        end(directory, instance)


def end(directory: ComponentDirectory, instance: Instance) -> None:
    """End an instance; its files go last, since they say that it may still run."""
    supervisor_of(directory).remove(instance.name)
    process_group.end_group(instance.record)
    instance.remove_files()


def supervisor_of(directory: ComponentDirectory) -> Supervisor:
    """Raises AgentError for a server without one."""
    if not directory.server.supervisor:
        raise AgentError(
            f"{directory.component} needs processes; server.toml has no key 'supervisor'"
        )
    return Supervisor(directory.server.supervisor)


def write_files(instance: Instance, plan: Plan) -> None:
    """Write the configuration of supervisord and the plan of `agent.launch`."""
    if instance.configuration.exists():
        return
    instance.configuration.parent.mkdir(mode=0o700, exist_ok=True)
    write_atomically(instance.plan, json.dumps(asdict(plan), indent=2) + "\n", 0o600)
    write_atomically(
        instance.configuration, section(f"program:{instance.name}", program_keys(instance)), 0o600
    )


def program_keys(instance: Instance) -> Mapping[str, object]:
    """The section of an instance; its priority is between those of the database and the edge."""
    launcher = (sys.executable, "-B", "-m", "agent.launch", str(instance.plan))
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
        "stdout_logfile": instance.log,
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 3,
    }
