"""How the processes of a release are started: their environment variables, command and account."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from agent import accounts, runtimes, service_process
from agent.commands import PATH, with_debian_python
from agent.component_directory import ComponentDirectory
from agent.instance import Instance
from agent.launch import Plan
from agent.service_process import ServiceProcess
from model.component import Service
from model.release import METADATA_FOLDER, Manifest


def variables(
    directory: ComponentDirectory, instance: Instance, manifest: Manifest
) -> Mapping[str, str]:
    """All environment variables of the commands and processes of an instance."""
    added = runtimes.get_runtime(manifest.runtime).variables(directory.tree(instance))
    return {**PATH, "HOME": str(directory.shared), "SLIPWAY_RELEASE": instance.digest, **added}


def plan_process(
    directory: ComponentDirectory, instance: Instance, manifest: Manifest, service: Service
) -> tuple[ServiceProcess, Plan]:
    """The process of a service of an instance, and how to start it."""
    server, component = directory.server, directory.component
    environment = directory.context().environment
    draft = plan_without_paths(directory, instance, manifest, service)
    stamp = plan_stamp(draft)
    process = ServiceProcess(server, environment, component, instance.short, service.name, stamp)
    paths = {"socket": str(process.socket), "record": str(process.record)}
    return process, Plan(**{**asdict(draft), **paths})


def plan_without_paths(
    directory: ComponentDirectory, instance: Instance, manifest: Manifest, service: Service
) -> Plan:
    """The plan without the paths that depend on the name of the process."""
    server, component = directory.server, directory.component
    tree = directory.tree(instance).resolve()
    account = server.accounts.get(component)
    is_public = service.name in directory.context().locations
    socket = service_process.service_socket(server, component, instance.short, service.name)
    return Plan(
        command=with_debian_python(service.command),
        folder=str(tree),
        socket="",
        name=str(socket),
        record="",
        settings=str(tree / METADATA_FOLDER / f"{service.name}.env"),
        variables=dict(variables(directory, instance, manifest)),
        group=accounts.group_number(account.readers) if account and is_public else None,
        umask=0o007 if account else 0o077,
    )


def plan_stamp(plan: Plan) -> str:
    """A hash of the plan; the rendered files of an instance never change."""
    text = json.dumps([asdict(plan), sys.executable])
    return sha256(text.encode()).hexdigest()[: service_process.STAMP_LENGTH]
