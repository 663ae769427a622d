"""Ask each API once: Neutron that is asked by two at first tells one of them that nothing is there.

Its policies are loaded with the first request; meanwhile it filters what others may see without.
"""

import sys

import openstack
from openstack.config import OpenStackConfig


def main() -> None:
    (clouds,) = sys.argv[1:]
    config = OpenStackConfig(config_files=[clouds], load_envvars=False)
    staging = openstack.connection.Connection(config=config.get_one(cloud="staging"))
    asked = (
        staging.network.networks,
        staging.compute.servers,
        staging.compute.flavors,
        staging.image.images,
    )
    for ask in asked:
        list(ask())


if __name__ == "__main__":
    main()
