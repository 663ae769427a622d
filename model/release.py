"""What travels with a release: the manifest inside its artifact and the order given to a server."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from model.component import Check, Component, Database, Runtime, Serve, Service
from model.environment import Environment
from model.reading import Model, Name

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the uncompressed tar, in hexadecimal."""

FOLDER = ".slipway"
"""Where a release keeps what Slipway adds to its tree: `manifest.json` and `templates/`."""

ARTIFACT, PROVENANCE = "artifact.tar.zst", "provenance.json"
"""What a release's files are called on their way to a server."""

SHORT = 12
"""How many characters of a digest people are shown."""


class Manifest(Model):
    """How to run a release: `.slipway/manifest.json`, covered by the artifact's digest."""

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
    """What an environment adds to a release, given to a server on standard input."""

    environment: Name
    indexed: bool
    host: str
    url: str
    keep: Annotated[int, Field(ge=2)]
    locations: dict[Name, str] = {}
    """The URL of each service that has a host."""
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
