"""What a server gets with a release: the manifest in its artifact, the environment's context."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from model.component import Check, Component, Database, Runtime, Serve, Service
from model.environment import Environment
from model.reading import Model, Name

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the uncompressed tar, in hexadecimal."""

METADATA_FOLDER = ".slipway"
"""The folder that Slipway adds to a release's tree, with `manifest.json` and `templates/`."""

ARTIFACT, PROVENANCE = "artifact.tar.zst", "provenance.json"
"""The names of a release's files while they are sent to a server."""

SHORT = 12
"""The number of characters of a digest that people see."""


class Manifest(Model):
    """How to run a release: `.slipway/manifest.json`, part of the artifact and its digest."""

    version: Literal[1] = 1
    component: Name
    runtime: Runtime
    runtime_version: str | None = None
    services: tuple[Service, ...] = ()
    database: Database | None
    serve: Serve
    checks: tuple[Check, ...]
    secrets: tuple[Name, ...]

    @classmethod
    def of(cls, component: Component) -> "Manifest":
        return cls(
            component=component.name,
            runtime=component.runtime,
            runtime_version=component.runtime_version,
            services=component.services,
            database=component.database,
            serve=component.serve,
            checks=component.checks,
            secrets=component.secrets,
        )


class EnvironmentContext(Model):
    """What an environment adds to a release: a server gets it as JSON on standard input."""

    environment: Name
    indexed: bool
    host: str
    url: str
    keep: Annotated[int, Field(ge=2)]
    locations: dict[Name, str] = {}
    """The URL of each service with a host of its own."""
    deployment: Annotated[int, Field(ge=1)] | None = None
    """The number of the deployment's build, by which servers name a new configuration."""
    secrets: dict[str, str] = {}

    @classmethod
    def of(cls, environment: Environment, component: Component) -> "EnvironmentContext":
        return cls(
            environment=environment.name,
            indexed=environment.indexed,
            host=environment.host(component),
            url=environment.url(component),
            keep=environment.keep,
            locations={
                service.name: environment.location(label)
                for service, label in component.public_services
            },
        )
