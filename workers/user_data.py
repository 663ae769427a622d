"""The user data of a new machine: where its master is, and a password that works once.

JSON is YAML, so this is what cloud-init calls cloud-config:
https://cloudinit.readthedocs.io/en/latest/explanation/format.html#cloud-config-data
"""

import json
from pathlib import Path
from typing import Any

MACHINE = Path(__file__).with_name("machine")
"""Files that are copied to a machine unchanged."""
HOME = "/var/lib/slipway"
ROOTS = "/etc/slipway-worker/roots"
USER = "slipway"
LIFE_HOURS = 24
"""A machine that still runs by then shuts itself down."""


def user_data(
    worker: str, password: str, master: str, *, certificate: str = "", gitconfig: str = ""
) -> str:
    """The text for cloud-init; `master` is "host:port".

    The certificate is the one by which the master is known; `gitconfig` is for all of git there.

    It holds no other secret: any process on a machine can read what the machine was told.
    """
    host, _, port = master.rpartition(":")
    endpoint = f"tls:{host}:{port}:trustRoots={ROOTS}" if certificate else f"tcp:{host}:{port}"
    worker_settings = {"name": worker, "password": password, "master": endpoint}
    return "#cloud-config\n" + json.dumps(
        {
            "users": [
                "default",
                {"name": USER, "homedir": HOME, "system": True, "shell": "/bin/bash"},
            ],
            "write_files": [
                {
                    "path": f"{HOME}/worker.json",
                    "content": json.dumps(worker_settings),
                    "owner": f"{USER}:{USER}",
                    "permissions": "0600",
                    "defer": True,
                },
                file_entry("/etc/gitconfig", gitconfig),
                file_entry(f"{ROOTS}/master.pem", certificate),
                file_copy("buildbot.tac", f"{HOME}/buildbot.tac"),
                file_copy("slipway-worker.service", "/etc/systemd/system/slipway-worker.service"),
            ],
            "runcmd": [
                ["chown", "-R", f"{USER}:{USER}", HOME],
                ["systemctl", "start", "--no-block", "slipway-worker.service"],
                ["shutdown", "--poweroff", f"+{LIFE_HOURS * 60}"],
            ],
        }
    )


def file_copy(name: str, path: str) -> dict[str, Any]:
    return file_entry(path, (MACHINE / name).read_text("utf-8"))


def file_entry(path: str, content: str) -> dict[str, Any]:
    return {"path": path, "content": content, "permissions": "0644"}
