"""Runs the tests' Python with the arguments while the cloud is up: one that ran before stays up.

python -m tests.cloud.during -m pytest ...
"""

import subprocess
import sys

from tests.cloud.fixture import shared


def main() -> int:
    """The exit code of the command."""
    with shared():
        return subprocess.run((sys.executable, *sys.argv[1:]), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
