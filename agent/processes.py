"""The processes of releases, started in order when they are needed and ended when they are not."""

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


def start(directory: ComponentDirectory, digest: Digest, *, telling: bool = False) -> None:
    """Have every service of a release run and be healthy; those that are stay as they are.

    What a service wrote is told with its failure only where whoever reads it knows the release's
    secrets and can hide them: `telling`.

    Raises AgentError naming the service. Those that were configured anew since they were started
    are replaced together, when all of the new ones are healthy.
    """
    manifest = directory.manifest(digest)
    wanted = [healthy(directory, digest, manifest, s, telling) for s in manifest.services]
    release = digest[:SHORT]
    before = [
        i for i in instances.find_instances(directory) if i.release == release and i not in wanted
    ]
    serving = [instance for instance in before if instance.is_linked]
    for instance in wanted:
        instance.take_over()
    stop(directory, before, serving)


def healthy(
    directory: ComponentDirectory,
    digest: Digest,
    manifest: Manifest,
    service: Service,
    telling: bool,
) -> Instance:
    instance, plan = plan_instance(directory, digest, manifest, service)
    supervisor = of(directory)
    written = instance.log.stat().st_size if instance.log.exists() else 0
    describe(instance, plan)
    supervisor.ensure_running(instance.name)
    log = LogExcerpt(
        instance.log, written, secret=database.password(directory) if telling else None
    )
    readiness.wait_until_healthy(directory, instance, service, supervisor, log)
    return instance


def only(directory: ComponentDirectory, digest: Digest | None) -> None:
    """End every process of the component that does not answer for this release, the last first."""
    kept = digest[:SHORT] if digest else None
    running = instances.find_instances(directory)
    obsolete = [i for i in reversed(running) if i.release != kept or not i.is_linked]
    stop(directory, obsolete, [instance for instance in obsolete if instance.is_linked])
    present = {name[:SHORT] for name in directory.installed_digests()}
    for log in directory.server.log.glob(f"{directory.component}.*.*.log*"):
        if log.name.split(".")[2] not in present:
            log.unlink()
    for folder in (directory.server.sockets / directory.component).glob("*"):
        if folder.name != kept:
            shutil.rmtree(folder)


def stop(
    directory: ComponentDirectory, obsolete: Sequence[Instance], serving: Sequence[Instance]
) -> None:
    """Tell all of them first: one that is busy until the last moment must not hold up the others.

    Visitors may be waiting at those that served.
    """
    for instance in obsolete:
        if instance in serving:
            readiness.drain(instance)
        of(directory).stop(instance.name)
    for instance in obsolete:
        end(directory, instance)


def end(directory: ComponentDirectory, instance: Instance) -> None:
    """The files go last: while they are here, whoever comes after us sees what may still run."""
    of(directory).remove(instance.name)
    process_group.end_group(instance.record)
    instance.remove_files()


def of(directory: ComponentDirectory) -> Supervisor:
    if not directory.server.supervisor:
        raise AgentError(
            f"{directory.component} needs processes; server.toml has no key 'supervisor'"
        )
    return Supervisor(directory.server.supervisor)


def describe(instance: Instance, plan: Plan) -> None:
    """Write what supervisord and the launcher read."""
    if instance.configuration.exists():
        return
    instance.configuration.parent.mkdir(mode=0o700, exist_ok=True)
    write_atomically(instance.plan, json.dumps(asdict(plan), indent=2) + "\n", 0o600)
    write_atomically(
        instance.configuration, section(f"program:{instance.name}", program(instance)), 0o600
    )


def program(instance: Instance) -> Mapping[str, object]:
    """What supervisord is told of an instance.

    Its priority is between those of the database and the edge.
    """
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
