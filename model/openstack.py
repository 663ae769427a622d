"""The machines of an environment: its OpenStack project, and what each lane of workers runs on."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from model.reading import Model, Name

Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""What OpenStack calls the name of a thing; 255 characters are all that it takes."""

Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+:\d{1,5}$")]


def newest(images: Iterable[Any], pattern: str) -> str | None:
    """The id of the newest of Glance's images whose name matches; none when there is no such."""
    found = [image for image in images if fnmatchcase(image.name or "", pattern)]
    last = max(found, key=lambda image: (str(image.created_at), str(image.name)), default=None)
    return None if last is None else str(last.id)


class Lane(Model):
    """Machines that exist only while they are needed, each of them for one worker."""

    image: Title
    """An image's name, or a pattern with `*`: the newest whose name matches."""
    flavor: Title
    machines: Annotated[int, Field(ge=1, le=100)] = 1
    """How many there may be at once; the project's quota may say less."""
    ready: Annotated[int, Field(ge=0)] = 0
    """How many wait for a build that has not come yet."""
    idle_seconds: Annotated[int, Field(ge=0)] = 0
    """How long a machine waits for another build; 0: it is for one build and no other."""

    @model_validator(mode="after")
    def enough(self) -> Self:
        if self.ready > self.machines:
            raise ValueError(f"'ready' must be at most 'machines', which is {self.machines}")
        return self


class Servers(Model):
    """The machines on which releases run; they stay, and `make run` makes and prepares them."""

    image: Title
    """An image's name, or a pattern with `*`: the newest whose name matches."""
    flavor: Title
    names: Annotated[tuple[Name, ...], Field(min_length=1)]
    """One machine each; every component runs on all of them."""
    security_groups: tuple[Title, ...] = ()
    """Those of the project, by name; its default group when empty."""
    public: Title | None = None
    """The network that each is given a floating IP of; reached at its own address when absent."""
    boot_seconds: Annotated[int, Field(ge=1)] = 300
    """How long one may take until its console shows its SSH host key."""

    @model_validator(mode="after")
    def told_apart(self) -> Self:
        if twice := [name for name in self.names if self.names.count(name) > 1]:
            raise ValueError(f"two of 'names' are '{twice[0]}'")
        return self


class OpenStack(Model):
    """The table `[openstack]` of an environment's file."""

    cloud: Title
    """The project, as `clouds.yaml` calls it."""
    master: Address
    """Where its machines find the master's port for workers."""
    network: Title
    security_groups: tuple[Title, ...] = ()
    """Those of the project, by name; its default group when empty."""
    key: Title | None = None
    """The key pair that may enter a machine; none may when absent."""
    zones: tuple[Title, ...] = ()
    """Availability zones, tried in this order; wherever Nova likes when empty."""
    volume_gb: Annotated[int, Field(ge=1)] | None = None
    """The size of a volume to boot from, which ends with its machine; absent: the flavor's disk."""
    boot_seconds: Annotated[int, Field(ge=1)] = 300
    """How long a machine may take until Nova says ACTIVE."""
    attach_seconds: Annotated[int, Field(ge=1)] = 180
    """How long its worker may take from there until it calls the master."""
    patience_seconds: Annotated[int, Field(ge=0)] = 900
    """How long a build puts up with a cloud that is out of order; a full quota does not count."""
    build: Lane | None = None
    """Builds merged code; in the environment that takes green builds."""
    review: Lane | None = None
    """Runs code that nobody here has merged; in the same environment."""
    deploy: Lane | None = None
    """Deploys to this environment, and is the only lane that sees its secrets."""
    servers: Servers | None = None
    """Where this environment's releases run; absent: on the deploy worker's own machine."""

    @property
    def lanes(self) -> dict[str, Lane]:
        """The lanes that have machines here, by name."""
        named = {"build": self.build, "review": self.review, "deploy": self.deploy}
        return {name: lane for name, lane in named.items() if lane}

    @model_validator(mode="after")
    def one_deployer(self) -> Self:
        if self.deploy and self.deploy.machines > 1:
            raise ValueError("'deploy.machines' must be 1: one worker deploys all components")
        return self
