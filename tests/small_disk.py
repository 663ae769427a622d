"""Tests in a process of their own, for which a folder is a small file system in memory.

Linux lets an ordinary user mount one in a user namespace of its own:
https://man7.org/linux/man-pages/man7/user_namespaces.7.html. There this user would be root, which
runs neither PHP nor MariaDB: a second namespace gives it its own number again.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import ROOT

MOUNT = """
exec 3<&0
(cat <&3; kill -KILL 0) >/dev/null 2>&1 &
mkdir "$1" && mount -t tmpfs -o "size=$2,mode=755" tmpfs "$1" && shift 2 && exec "$@" 3<&-
"""
"""The group of processes is killed when the input ends, as when the tests are killed."""


def run_on_small_disk(tests: Path, size: str, name: str = "srv") -> None:
    """Run a file of tests; a folder in the folder `SLIPWAY_TEST_SERVER` has this size."""
    own = (f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}")
    reading, writing = os.pipe()
    with TemporaryDirectory() as folder, os.fdopen(reading) as given, os.fdopen(writing, "w"):
        result = subprocess.run(
            [
                *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"),
                *(f"{folder}/{name}", size, "unshare", "--user", *own),
                *(sys.executable, "-m", "pytest", "-p", "no:xdist", "-q", "-x", "-s", str(tests)),
            ],
            cwd=ROOT,
            stdin=given,
            start_new_session=True,
            env={**os.environ, "SLIPWAY_TEST_SERVER": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
