"""Systemd's units: https://www.freedesktop.org/software/systemd/man/252/systemd.exec.html."""

from collections.abc import Iterable
from pathlib import Path

from roles.managed_server import UNITS
from roles.operations import Managed, file

SANDBOX = """\
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
ProtectProc=invisible
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
PrivateDevices=true
PrivateTmp=true
LockPersonality=true
RemoveIPC=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
"""
"""What no service of ours needs; `systemd-analyze security` on a server says what is left."""


def unit(
    name: str,
    title: str,
    account: str,
    command: str,
    *,
    writes: Iterable[Path],
    directives: str = "",
    capabilities: str = "",
) -> Managed:
    """Have the file of a service that runs all the time and writes in some folders alone."""
    writable = " ".join(f"-{path}" for path in writes)
    text = (
        f"[Unit]\nDescription=Slipway: {title}\nAfter=network.target\n"
        "StartLimitIntervalSec=0\n\n[Service]\n"
        f"User={account}\nExecStart={command}\n{directives}{SANDBOX}"
        f"CapabilityBoundingSet={capabilities}\nAmbientCapabilities={capabilities}\n"
        f"ReadWritePaths={writable}\n"
        "UMask=0007\n"  # the agent and the edge use the sockets of others
        "Restart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=60\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    return file(UNITS / f"{name}.service", text)
