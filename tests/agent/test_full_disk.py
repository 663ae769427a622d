"""A server whose disk is full: a sentence, and nothing half-done.

The disk is a small file system in memory. Linux lets an ordinary user mount one in a user namespace
of its own: https://man7.org/linux/man-pages/man7/user_namespaces.7.html. There this user would be
root, which runs neither PHP nor MariaDB: a second namespace gives it its own number again.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import ROOT

SIZE = "6m"
MOUNT = 'mkdir "$1/srv" && mount -t tmpfs -o "size=$2,mode=755" tmpfs "$1/srv" && shift 2 && "$@"'


@pytest.mark.real
def test_on_a_full_disk_a_deployment_is_a_sentence_and_nothing_is_half_done() -> None:
    own = (f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}")
    tests = Path(__file__).with_name("full_disk.py")
    with TemporaryDirectory() as folder:
        result = subprocess.run(
            [
                *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"),
                *(folder, SIZE, "unshare", "--user", *own),
                *(sys.executable, "-m", "pytest", "-p", "no:xdist", "-q", "-x", "-s", str(tests)),
            ],
            cwd=ROOT,
            env={**os.environ, "SLIPWAY_TEST_SERVER": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
