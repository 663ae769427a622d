"""Puts a packed tree into Glance: `python -m slipcloud.upload NAME FILE`."""

import os
import sys
from pathlib import Path

from slipcloud.seed import connection
from tests.cloud.configuration import PASSWORD
from tests.cloud.layout import MARK, Layout

PROPERTIES = {"os_distro": "debian", "os_version": "12", "os_type": "linux"}


def main() -> None:
    name, file = sys.argv[1:]
    layout = Layout(Path(os.environ[MARK]), int(os.environ[f"{MARK}_FIRST_PORT"]))
    admin = connection(layout, "admin", PASSWORD, "admin")
    admin.create_image(
        name,
        filename=file,
        disk_format="raw",
        container_format="bare",
        visibility="public",
        wait=True,
        **PROPERTIES,
    )


if __name__ == "__main__":
    main()
