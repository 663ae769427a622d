"""How the processes of a release are started: their environment variables, command and account."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from agent import accounts, configuration, instances, runtimes
from agent.commands import PATH, with_debian_python
from agent.component_directory import ComponentDirectory
from agent.instances import Instance
from agent.launch import Plan
from model.component import Service
from model.release import METADATA_FOLDER, SHORT, Digest, Manifest


def variables(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest
) -> Mapping[str, str]:
    """All environment variables of the release's commands and processes."""
    added = runtimes.get_runtime(manifest.runtime).variables(directory.release(digest))
    return {**PATH, "HOME": str(directory.shared), "SLIPWAY_RELEASE": digest, **added}


def plan_instance(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, service: Service
) -> tuple[Instance, Plan]:
    """The instance of a service for its present configuration, and how to start it."""
    server, component = directory.server, directory.component
    environment = directory.context().environment
    draft = plan_without_instance(directory, digest, manifest, service)
    stamp = configuration_stamp(directory, digest, draft)
    instance = Instance(server, environment, component, digest[:SHORT], service.name, stamp)
    paths = {"socket": str(instance.socket), "record": str(instance.record)}
    return instance, Plan(**{**asdict(draft), **paths})


def plan_without_instance(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, service: Service
) -> Plan:
    """The plan without the paths that depend on the instance's name."""
    server, component = directory.server, directory.component
    release = directory.release(digest).resolve()
    account = accounts.account(directory, manifest)
    return Plan(
        command=with_debian_python(service.command),
        folder=str(release),
        socket="",
        name=str(instances.service_socket(server, component, digest, service.name)),
        record="",
        settings=str(release / METADATA_FOLDER / f"{service.name}.env"),
        variables=dict(variables(directory, digest, manifest)),
        account=account,
        group=accounts.edge_group(server) if account is not None else None,
        umask=0o007 if service.name in directory.context().locations else 0o077,
    )


def configuration_stamp(directory: ComponentDirectory, digest: Digest, plan: Plan) -> str:
    """A hash of the plan and of the times at which the rendered files were written.

    Of their times and not of their texts, because the texts hold secrets.
    """
    files = configuration.files_by_template(directory.release(digest)).values()
    times = [(str(file), file.stat().st_mtime_ns) for file in files]
    text = json.dumps([asdict(plan), sys.executable, times])
    return sha256(text.encode()).hexdigest()[: instances.STAMP_LENGTH]
