"""What a lane's machine is asked for, in the words of the environment's file."""

from cloud.client import ServerRequest
from model.openstack import Lane, OpenStack


def server_request(
    settings: OpenStack,
    lane: Lane,
    name: str = "",
    metadata: dict[str, str] | None = None,
    user_data: str = "",
    zone: str | None = None,
) -> ServerRequest:
    """A machine of this lane; without a name, only to see whether the project has what it names."""
    return ServerRequest(
        name=name,
        image=lane.image,
        flavor=lane.flavor,
        network=settings.network,
        metadata=metadata or {},
        user_data=user_data,
        security_groups=settings.security_groups,
        key=settings.key,
        volume_gb=settings.volume_gb,
        zone=zone,
    )
