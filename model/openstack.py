"""An environment's OpenStack project: the machines of its workers and its servers."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import IPv4Network
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from model.reading import Model

Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""The name of an OpenStack resource, of at most 255 characters."""

Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+:\d{1,5}$")]


def cidr(text: str) -> str:
    """Refuse what are no IPv4 addresses of a network."""
    try:
        return str(IPv4Network(text))
    except ValueError as error:
        raise ValueError(f"must be addresses such as 10.0.0.0/24: {error}") from None


Cidr = Annotated[str, AfterValidator(cidr)]


def newest(images: Iterable[Any], pattern: str) -> str | None:
    """The id of the newest image of Glance's whose name matches; None when none does."""
    matching = [image for image in images if fnmatchcase(image.name or "", pattern)]
    last = max(matching, key=lambda image: (str(image.created_at), str(image.name)), default=None)
    return None if last is None else str(last.id)


class Lane(Model):
    """A kind of worker: machines that exist only while they are needed, one for each worker."""

    image: Title
    """An image's name, or a pattern with `*`: the newest whose name matches."""
    flavor: Title
    machines: Annotated[int, Field(ge=1, le=100)] = 1
    """The most machines at a time; the project's quota may allow fewer."""
    ready: Annotated[int, Field(ge=0)] = 0
    """How many machines wait for the next build."""
    idle_seconds: Annotated[int, Field(ge=0)] = 0
    """How long a machine waits for another build; 0: it runs one build only."""

    @model_validator(mode="after")
    def ready_fits_machines(self) -> Self:
        if self.ready > self.machines:
            raise ValueError(f"'ready' must be at most 'machines', which is {self.machines}")
        return self


class OpenStack(Model):
    """The table `[openstack]` of an environment's file."""

    cloud: Title
    """The project, as `clouds.yaml` calls it."""
    master: Address
    """The address and port at which its machines reach the master."""
    network: Title
    """The network of its machines, by name."""
    subnet: Cidr | None = None
    """The addresses of that network, which `make run` then makes; absent: it is there."""
    external_network: Title | None = None
    """Where the router of a network that `make run` makes leads to; absent: nowhere."""
    operators: tuple[Cidr, ...] = ("0.0.0.0/0",)
    """The addresses from which servers are prepared: those of the machine of `make run`."""
    security_groups: tuple[Title, ...] = ()
    """Those of the project, by name; its default group when empty."""
    key: Title | None = None
    """The key pair for SSH access to its machines; no access when absent."""
    zones: tuple[Title, ...] = ()
    """Availability zones in the order in which they are tried; Nova chooses when empty."""
    volume_gb: Annotated[int, Field(ge=1)] | None = None
    """The size of a boot volume, deleted with its machine; absent: the flavor's disk."""
    boot_seconds: Annotated[int, Field(ge=1)] = 300
    """The time until a machine must be ACTIVE."""
    attach_seconds: Annotated[int, Field(ge=1)] = 180
    """The time from ACTIVE until its worker must connect."""
    patience_seconds: Annotated[int, Field(ge=0)] = 900
    """How long a build waits for a cloud with errors; waiting for quota does not count."""
    build: Lane | None = None
    """Builds merged code; only in the environment that takes green builds."""
    review: Lane | None = None
    """Builds code that is not merged; only in the same environment."""
    deploy: Lane | None = None
    """Deploys to this environment; the only lane with its secrets."""

    @property
    def lanes(self) -> dict[str, Lane]:
        """The lanes with machines in this project, by name."""
        named = {"build": self.build, "review": self.review, "deploy": self.deploy}
        return {name: lane for name, lane in named.items() if lane}

    @model_validator(mode="after")
    def only_an_own_network_has_a_router(self) -> Self:
        if self.external_network and not self.subnet:
            raise ValueError("'external_network' is of a network that 'subnet' describes")
        return self

    @model_validator(mode="after")
    def deploy_lane_has_one_machine(self) -> Self:
        if self.deploy and self.deploy.machines > 1:
            raise ValueError("'deploy.machines' must be 1: one worker deploys all components")
        return self
