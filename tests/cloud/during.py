"""Runs the tests' Python with the arguments while the cloud is up: one that ran before stays up.

    python -m tests.cloud.during -m pytest ...

Where root may not make namespaces, as in most containers, it says so and does nothing.
"""

import subprocess
import sys

from tests.cloud.fixture import shared

POSSIBLE = (
    "unshare",
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "mount",
    "-t",
    "tmpfs",
    "none",
    "/mnt",
)


def main() -> int:
    """The exit code of the command."""
    tried = subprocess.run(POSSIBLE, check=False, capture_output=True, text=True)
    if tried.returncode:
        print(f"What needs machines was left out, root may not make them here: {tried.stderr}")
        print("Show it where root may: make test-cloud")
        return 0
    with shared():
        return subprocess.run((sys.executable, *sys.argv[1:]), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
