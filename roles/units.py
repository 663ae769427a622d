"""Systemd's units: https://www.freedesktop.org/software/systemd/man/255/systemd.exec.html."""

from pathlib import Path

from roles.managed_server import UNITS
from roles.operations import Managed, file


def unit(name: str, title: str, account: str, command: str, directives: str = "") -> Managed:
    """Have the file of a service that runs all the time."""
    text = (
        f"[Unit]\nDescription=Slipway: {title}\nAfter=network.target\n\n[Service]\n"
        f"User={account}\nExecStart={command}\n{directives}NoNewPrivileges=true\n"
        "Restart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=60\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    return file(unit_file(name), text)


def unit_file(name: str) -> Path:
    return UNITS / f"{name}.service"
