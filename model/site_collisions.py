"""Names and hosts that two parts of a site would share."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from model.environment import SITE
from model.forges import FORGES, webhook_secret
from model.retention import RETENTION_BUILDER
from model.site_checks import Parts

OWN_SECRETS = ("signing-key", "ui-passwords", *map(webhook_secret, FORGES))
LANES = ("build", "review")
"""Each has a worker on the master's machine, with a secret of its own."""


class Use(NamedTuple):
    """Something that only one part of a site may have."""

    what: str
    """The kind of thing with its name: `builder 'blog-build'`."""
    file: Path
    """The file that describes its owner."""
    key: str
    """The key of that file; empty for the file's own name."""
    purpose: str
    """What the owner uses it for."""


def collisions(parts: Parts) -> list[str]:
    """Everything that two parts would share, each with the file and the key to change."""
    uses = (*builders(parts), *secrets(parts), *hosts(parts))
    errors: list[str] = []
    owners: dict[str, Use] = {}
    for use in uses:
        first = owners.setdefault(use.what, use)
        if first is not use:
            place = f"key '{use.key}'" if use.key else "the name"
            errors.append(
                f"{use.file}: {place}: {use.what} is {first.purpose} already, of {first.file}"
            )
    errors += [
        f"{parts.component_file(component).parent}: a component cannot be called '{SITE}', "
        "which means all of them"
        for component in parts.components
        if component.name == SITE
    ]
    return errors


def builders(parts: Parts) -> Iterator[Use]:
    """Builders are called by component and environment: `a-b` in `c` is `a` in `b-c`."""
    yield Use(f"builder '{RETENTION_BUILDER}'", parts.folder, "", "the removal of artifacts")
    for component in parts.components:
        file = parts.component_file(component)
        yield Use(f"builder '{component.builder}'", file, "", "the builds")
        if component.has_trials:
            yield Use(f"builder '{component.trial_builder}'", file, "", "the trials")
    for environment in parts.environments:
        file = parts.environment_file(environment)
        for component in parts.components:
            name = environment.builder(component)
            yield Use(f"builder '{name}'", file, "", f"the deployments of {component.name}")
        yield Use(f"builder '{environment.site_builder}'", file, "", "the actions for all")


def secrets(parts: Parts) -> Iterator[Use]:
    for name in OWN_SECRETS:
        yield Use(f"secret '{name}'", parts.folder, "", "the master's")
    for lane in LANES:
        yield Use(f"secret 'worker-{lane}'", parts.folder, "", f"the lane {lane}'s")
    for environment in parts.environments:
        file = parts.environment_file(environment)
        yield Use(f"secret 'worker-{environment.name}'", file, "", "its worker's")
        yield Use(f"secret '{environment.ssh_secret}'", file, "", "its SSH key")
        for component in parts.components:
            for name in dict.fromkeys(component.secrets):
                secret = environment.secret(component, name)
                owner = parts.component_file(component)
                yield Use(f"secret '{secret}'", owner, "secrets", f"'{name}' in {environment.name}")


def hosts(parts: Parts) -> Iterator[Use]:
    """Labels, once for each component; and addresses, which differ by environment."""
    for component in parts.components:
        for label in component.labels:
            file = parts.component_file(component)
            yield Use(f"host '{label}'", file, "host", f"the host of {component.name}")
    labels = dict.fromkeys(label for component in parts.components for label in component.labels)
    for environment in parts.environments:
        file = parts.environment_file(environment)
        for label in labels:
            yield Use(f"address {environment.location(label)}", file, "domain", "an address")
