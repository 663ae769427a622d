"""A group of servers: how many, of which image and flavor, with which roles."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from model.openstack import Title
from model.reading import Model, Name
from model.role import APP, EDGE, known_role, roles

RoleName = Annotated[Name, AfterValidator(known_role)]


class ServerGroup(Model):
    """The table `[servers.<group>]` of an environment's file; `make run` creates its machines."""

    count: Annotated[int, Field(ge=1, le=50)] = 1
    """How many; they are called `<group>-1`, `<group>-2` and so on."""
    image: Title
    """An image's name, or a pattern with `*`: the newest whose name matches."""
    flavor: Title
    roles: Annotated[tuple[RoleName, ...], Field(min_length=1)]
    """What each of them is for: folders of `roles/`."""
    security_groups: tuple[Title, ...] = ()
    """Further ones of the project, by name; what the roles open needs none."""
    public: Title | None = None
    """The network of each server's floating IP; absent: it is reached at its own address."""
    boot_seconds: Annotated[int, Field(ge=1)] = 300
    """The time until a server's console must show its SSH host key."""

    @model_validator(mode="after")
    def roles_fit(self) -> Self:
        if twice := [role for role in self.roles if self.roles.count(role) > 1]:
            raise ValueError(f"two of 'roles' are '{twice[0]}'")
        for role in self.roles:
            if missing := [need for need in roles()[role].needs if need not in self.roles]:
                raise ValueError(
                    f"the role '{role}' needs '{missing[0]}' on the same servers: add it to 'roles'"
                )
        if APP in self.roles and EDGE not in self.roles:
            raise ValueError(
                f"the role '{APP}' needs '{EDGE}' on the same servers: add it to 'roles'"
            )
        return self
