"""What it takes to run a release: the variables of its commands, and the plan of each service."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from agent import accounts, configuration, instances, runtimes
from agent.commands import PATH, debian
from agent.component_directory import ComponentDirectory
from agent.instances import Instance
from agent.launch import Plan
from model.component import Service
from model.release import FOLDER, SHORT, Digest, Manifest


def variables(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest
) -> Mapping[str, str]:
    """Everything that a command of the release finds in its environment."""
    own = runtimes.of(manifest.runtime).variables(directory.release(digest))
    return {**PATH, "HOME": str(directory.shared), "SLIPWAY_RELEASE": digest, **own}


def planned(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, service: Service
) -> tuple[Instance, Plan]:
    """The instance that should run of a service, as everything about it is now."""
    release = directory.release(digest).resolve()
    account = accounts.account(directory, manifest)
    unnamed = Plan(
        command=debian(service.command),
        folder=str(release),
        socket="",
        name=str(instances.socket(directory.server, directory.component, digest, service.name)),
        record="",
        settings=str(release / FOLDER / f"{service.name}.env"),
        variables=dict(variables(directory, digest, manifest)),
        account=account,
        group=accounts.edge(directory.server) if account is not None else None,
        umask=0o007 if service.name in directory.context().locations else 0o077,
    )
    stamp = stamped(directory, digest, unnamed)
    words = (
        directory.context().environment,
        directory.component,
        digest[:SHORT],
        service.name,
        stamp,
    )
    instance = Instance(directory.server, *words)
    names = {"socket": str(instance.socket), "record": str(instance.record)}
    return instance, Plan(**{**asdict(unnamed), **names})


def stamped(directory: ComponentDirectory, digest: Digest, plan: Plan) -> str:
    """A few characters that change with the plan and whenever a rendered file is written anew.

    From the times of the files, not from their texts: those are secret.
    """
    files = configuration.rendered_files(directory.release(digest)).values()
    times = [(str(file), file.stat().st_mtime_ns) for file in files]
    made_from = json.dumps([asdict(plan), sys.executable, times])
    return sha256(made_from.encode()).hexdigest()[: len(instances.LONGEST)]
