"""An environment: staging, production or a sandbox, where releases run."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from model.component import Component
from model.openstack import OpenStack
from model.reading import Model, Name, Port, host_name
from model.role import BASE, EDGE, Opening, roles
from model.server_group import ServerGroup

SITE = "site"
"""Means all components in a builder's name; no component may have this name."""


PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".test", ".home.arpa")
"""Names that nobody can own: https://www.rfc-editor.org/rfc/rfc6761, and 8375."""


class Acme(Model):
    """The authority of `tls = "acme"`; Let's Encrypt and ZeroSSL where nothing is said."""

    directory: Annotated[str, StringConstraints(pattern=r"^https://[^\s{}\"]+$")] | None = None
    """The address of its directory: https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1."""
    email: Annotated[str, StringConstraints(pattern=r"^[^\s@{}\"]+@[^\s@{}\"]+$")] | None = None
    """Whom it may write to about a certificate."""
    root: Annotated[str, StringConstraints(pattern=r"^/[^\s{}\"]+$")] | None = None
    """A file on the servers with its certificates in PEM, for an authority that is not public."""


class Environment(Model):
    """Where releases run, for one audience: `environments/<name>.toml`."""

    name: SkipJsonSchema[Name]
    domain: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"), AfterValidator(host_name)
    ]
    promotes_from: Name | None = None
    """The environment whose verified releases may be promoted here; absent: every green build."""
    indexed: bool
    """Whether robots may index the pages."""
    tls: Literal["internal", "acme"]
    """Who signs the certificates: the edge's own authority or a public one."""
    acme: Acme | None = None
    """The authority, where `tls` is "acme" and it shall not be Caddy's choice."""
    http_port: Port = 80
    https_port: Port = 443
    keep: Annotated[int, Field(ge=2)] = 5
    """How many releases stay on each server."""
    openstack: OpenStack | None = None
    """The project whose machines build and deploy; absent: the master's machine does."""
    servers: Mapping[Name, ServerGroup] = {}
    """Groups of machines there; absent: the deploy worker's machine is the only server."""

    @model_validator(mode="after")
    def ports_differ(self) -> Self:
        if self.http_port == self.https_port:
            raise ValueError(f"'http_port' and 'https_port' are both {self.http_port}")
        return self

    @model_validator(mode="after")
    def acme_fits(self) -> Self:
        if self.acme and self.tls != "acme":
            raise ValueError("'acme' is the authority of tls = 'acme', and 'tls' is another one")
        named = self.acme and self.acme.directory
        if self.tls == "acme" and not named and self.domain.endswith(PRIVATE_DOMAINS):
            raise ValueError(
                f"no public authority certifies hosts of '{self.domain}': "
                "name one as 'acme.directory', or set tls = 'internal'"
            )
        return self

    @model_validator(mode="after")
    def one_edge_proves_its_hosts(self) -> Self:
        edges = [name for name, group in self.server_groups.items() if EDGE in group.roles]
        if self.tls == "acme" and len(edges) > 1:
            raise ValueError(
                f"tls = 'acme' needs one server with the role 'edge', here are {len(edges)}: "
                "the authority might ask another one than the one that wants the certificate"
            )
        return self

    @property
    def has_own_authority(self) -> bool:
        """Whether its certificates are signed by an authority that is not a public one."""
        return self.tls == "internal" or bool(self.acme and self.acme.root)

    @model_validator(mode="after")
    def servers_have_a_project(self) -> Self:
        if self.servers and not self.openstack:
            raise ValueError("'servers' are machines of a project, which 'openstack' must name")
        return self

    @property
    def worker(self) -> str:
        return f"deploy-{self.name}"

    @property
    def ssh_secret(self) -> str:
        """The name of the secret with the SSH key of its deploy worker."""
        return f"ssh-{self.name}"

    @property
    def deploys_itself(self) -> bool:
        """Whether its deploy worker is a machine of the environment's own project."""
        return self.openstack is not None and self.openstack.deploy is not None

    @property
    def server_groups(self) -> dict[Name, ServerGroup]:
        """The group of each server, by the server's name; empty without machines of its own."""
        return {
            f"{name}-{number}": group
            for name, group in self.servers.items()
            for number in range(1, group.count + 1)
        }

    def openings(self, group: ServerGroup) -> list[Opening]:
        """What a group of servers opens because of its own roles, and of those of others."""
        own = [opening for role in (BASE, *group.roles) for opening in roles()[role].opens]
        there = sorted({role for each in self.servers.values() for role in each.roles})
        return own + [opening for role in there for opening in roles()[role].opens_on_all]

    @property
    def site_builder(self) -> str:
        """The builder of site-wide actions in this environment."""
        return f"{SITE}-{self.name}"

    def builder(self, component: Component) -> str:
        return f"{component.name}-{self.name}"

    def host(self, component: Component) -> str:
        return self.address(component.host)

    def url(self, component: Component) -> str:
        return self.location(component.host)

    def address(self, label: str) -> str:
        """The host name of a label in this environment."""
        return f"{label}.{self.domain}".lstrip(".")

    def location(self, label: str) -> str:
        """The URL of a label in this environment."""
        port = "" if self.https_port == 443 else f":{self.https_port}"
        return f"https://{self.address(label)}{port}/"

    def secret(self, component: Component, name: str) -> str:
        """The name of a component's secret in this environment."""
        return f"{self.name}-{component.name}-{name}"
