"""Whether the environments of a site fit together."""

from pathlib import Path
from typing import NamedTuple

from model.component import Component
from model.environment import Environment


class Parts(NamedTuple):
    """What was read of a site, whose other files may have errors."""

    folder: Path
    environment_folder: Path
    components: tuple[Component, ...]
    environments: tuple[Environment, ...]

    def component_file(self, component: Component) -> Path:
        return self.folder / "components" / component.name / "component.toml"

    def environment_file(self, environment: Environment) -> Path:
        return self.environment_folder / f"{environment.name}.toml"


def environment_errors(parts: Parts) -> list[str]:
    """Environments that do not fit together."""
    folder, environments = parts.environment_folder, parts.environments
    if not environments:
        return [f"{folder}: no environment here; add one as <name>.toml"]
    names = [environment.name for environment in environments]
    errors = [
        f"{folder / environment.name}.toml: key 'promotes_from': no environment "
        f"'{environment.promotes_from}'; expected one of {', '.join(names)}"
        for environment in environments
        if environment.promotes_from not in (None, *names)
    ]
    errors += [
        f"{folder / environment.name}.toml: key 'openstack.{lane}': only an environment "
        "without the key 'promotes_from' builds; this one deploys"
        for environment in environments
        if environment.openstack and environment.promotes_from
        for lane in environment.openstack.lanes
        if lane != "deploy"
    ]
    if all(environment.promotes_from for environment in environments):
        errors.append(
            f"{folder}: no environment takes green builds; "
            "one must be without the key 'promotes_from'"
        )
    elif not errors:
        ordered = promotion_order(environments)
        if circle := ", ".join(e.name for e in environments if e not in ordered):
            errors.append(f"{folder}: {circle} promote from each other in a circle")
    return errors


def promotion_order(environments: tuple[Environment, ...]) -> tuple[Environment, ...]:
    """The environments in the order in which a release reaches them, without those of a circle."""
    ordered: list[Environment] = []
    while True:
        earlier = {None, *(environment.name for environment in ordered)}
        ready = [e for e in environments if e not in ordered and e.promotes_from in earlier]
        if not ready:
            return tuple(ordered)
        ordered += ready
