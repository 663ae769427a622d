"""What a new machine is told: where its master is, and the password that works once.

JSON is YAML, so this is what cloud-init calls cloud-config:
https://cloudinit.readthedocs.io/en/latest/explanation/format.html#cloud-config-data
"""

import json
from pathlib import Path
from typing import Any

MACHINE = Path(__file__).with_name("machine")
"""What is laid onto a machine as it is."""
HOME = "/var/lib/slipway"
ROOTS = "/etc/slipway-worker/roots"
USER = "slipway"
LIFE_HOURS = 24
"""A machine that nobody has ended by then turns itself off."""


def user_data(
    worker: str, password: str, master: str, *, certificate: str = "", gitconfig: str = ""
) -> str:
    """The text for cloud-init; `master` is "host:port".

    The certificate is the one by which the master is known; `gitconfig` is for all of git there.

    It holds no other secret: any process on a machine can read what the machine was told.
    """
    host, _, port = master.rpartition(":")
    how = f"tls:{host}:{port}:trustRoots={ROOTS}" if certificate else f"tcp:{host}:{port}"
    about = {"name": worker, "password": password, "master": how}
    return "#cloud-config\n" + json.dumps(
        {
            "users": [
                "default",
                {"name": USER, "homedir": HOME, "system": True, "shell": "/bin/bash"},
            ],
            "write_files": [
                {
                    "path": f"{HOME}/worker.json",
                    "content": json.dumps(about),
                    "owner": f"{USER}:{USER}",
                    "permissions": "0600",
                    "defer": True,
                },
                written("/etc/gitconfig", gitconfig),
                written(f"{ROOTS}/master.pem", certificate),
                laid("buildbot.tac", f"{HOME}/buildbot.tac"),
                laid("slipway-worker.service", "/etc/systemd/system/slipway-worker.service"),
            ],
            "runcmd": [
                ["chown", "-R", f"{USER}:{USER}", HOME],
                ["systemctl", "start", "--no-block", "slipway-worker.service"],
                ["shutdown", "--poweroff", f"+{LIFE_HOURS * 60}"],
            ],
        }
    )


def laid(name: str, path: str) -> dict[str, Any]:
    return written(path, (MACHINE / name).read_text("utf-8"))


def written(path: str, content: str) -> dict[str, Any]:
    return {"path": path, "content": content, "permissions": "0644"}
