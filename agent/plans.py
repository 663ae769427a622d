"""What it takes to run a release: the variables of its commands, and the plan of each service."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from agent import accounts, configuration, instances, runtimes
from agent.commands import PATH, debian
from agent.component_directory import Place
from agent.instances import Instance
from agent.launch import Plan
from model.component import Service
from model.release import FOLDER, SHORT, Digest, Manifest


def variables(place: Place, digest: Digest, manifest: Manifest) -> Mapping[str, str]:
    """Everything that a command of the release finds in its environment."""
    own = runtimes.of(manifest.runtime).variables(place.release(digest))
    return {**PATH, "HOME": str(place.shared), "SLIPWAY_RELEASE": digest, **own}


def planned(
    place: Place, digest: Digest, manifest: Manifest, service: Service
) -> tuple[Instance, Plan]:
    """The instance that should run of a service, as everything about it is now."""
    release = place.release(digest).resolve()
    account = accounts.account(place, manifest)
    unnamed = Plan(
        command=debian(service.command),
        folder=str(release),
        socket="",
        name=str(instances.socket(place.server, place.component, digest, service.name)),
        record="",
        settings=str(release / FOLDER / f"{service.name}.env"),
        variables=dict(variables(place, digest, manifest)),
        account=account,
        group=accounts.edge(place.server) if account is not None else None,
        umask=0o007 if service.name in place.order().locations else 0o077,
    )
    stamp = stamped(place, digest, unnamed)
    words = place.order().environment, place.component, digest[:SHORT], service.name, stamp
    instance = Instance(place.server, *words)
    names = {"socket": str(instance.socket), "record": str(instance.record)}
    return instance, Plan(**{**asdict(unnamed), **names})


def stamped(place: Place, digest: Digest, plan: Plan) -> str:
    """A few characters that change with the plan and whenever a rendered file is written anew.

    From the times of the files, not from their texts: those are secret.
    """
    files = configuration.rendered_files(place.release(digest)).values()
    times = [(str(file), file.stat().st_mtime_ns) for file in files]
    made_from = json.dumps([asdict(plan), sys.executable, times])
    return sha256(made_from.encode()).hexdigest()[: len(instances.LONGEST)]
