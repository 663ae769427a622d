"""Makes a machine with only git, make and Python ready, then runs a command of ours on it.

    /usr/bin/python3 -B -m local.bootstrap run|test|test-as-root ARGUMENT...
    /usr/bin/python3 -B -m local.bootstrap report-left-out

`run` and `test` install the Debian packages and the virtual environment that they need, go on as an
unprivileged user if root started them, and become that environment's Python with the arguments.
`test-as-root` stays root, and leaves its tests out for everybody else; `report-left-out` says so at
the end of `make test`. Standard library only: all of it runs before the virtual environment exists.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from local.bootstrap import node_packages, packages, service_user, virtual_environment
from local.errors import CommandError

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIRED_BYTES = 1_500_000_000
"""Free disk space: two WordPress and MediaWiki releases, their mirrors and databases."""
LEFT_OUT = 77
"""The exit code of a skipped test in Automake's test protocol:

https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html
"""

PURPOSES = {
    "run": (packages.RUN, "requirements.lock", "venv"),
    "test": (packages.TEST, "requirements-dev.lock", "venv-test"),
}


def main() -> None:
    purpose, *arguments = sys.argv[1:]
    if purpose == "report-left-out":
        sys.exit(report_left_out())
    if purpose == "test-as-root":
        sys.exit(test_as_root(arguments))
    debian_packages, lock, name = PURPOSES[purpose]
    var = CHECKOUT / "var"
    packages.ensure(debian_packages)
    if os.geteuid() == 0:
        service_user.become(CHECKOUT, var)
    require_writable(var)
    require_free_space(var)
    venv = var / name
    environment = service_user.environment(os.environ, venv, var)
    virtual_environment.ensure(venv, CHECKOUT / lock, environment, CHECKOUT)
    if purpose == "test":
        node_packages.ensure(var / "node", CHECKOUT, environment)
    os.chdir(CHECKOUT)
    python = str(venv / "bin" / "python")
    os.execve(python, (python, *arguments), environment)  # noqa: S606  # the command to run


def test_as_root(arguments: list[str]) -> int:
    """Run the tests' Python as root, in a temporary folder; returns its exit code."""
    if os.geteuid():
        print("Not root: tests that only root can run are left out.")
        return 0
    # An unprivileged user owns the virtual environment.
    prepare = (sys.executable, "-B", "-m", "local.bootstrap", "test", "-c", "pass")
    if code := subprocess.run(prepare, cwd=CHECKOUT, check=False).returncode:
        return code
    venv = CHECKOUT / "var" / PURPOSES["test"][2]
    with TemporaryDirectory() as folder:
        # Root's tests have other accounts enter it.
        Path(folder).chmod(0o755)
        environment = service_user.environment(os.environ, venv, Path(folder))
        environment |= {"TMPDIR": folder, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
        command = (str(venv / "bin" / "python"), *arguments)
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def report_left_out() -> int:
    """Say which tests `make test` left out because it was not root, and how to run them.

    The exit code is LEFT_OUT in continuous integration, which must run all tests, and 0 elsewhere.
    """
    if os.geteuid() == 0:
        return 0
    print(
        "Left out, because only root can run them: the tests of accounts (test-root) and of a real "
        "OpenStack (test-cloud).\nAll other tests passed; as root, run: make test-root test-cloud"
    )
    return LEFT_OUT if os.environ.get("CI") else 0


def require_writable(var: Path) -> None:
    """Raises CommandError naming a folder that cannot be written, and its owner."""
    folders = (var, var / "cache", var / "home")
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write in {var}: {error.strerror}") from None
    for folder in folders:
        if not os.access(folder, os.W_OK):
            raise CommandError(f"cannot write in {folder}: it belongs to {folder.owner()}")


def require_free_space(var: Path) -> None:
    """Raises CommandError when the disk is too full."""
    free = shutil.disk_usage(var).free
    if free < REQUIRED_BYTES:
        required = f"{REQUIRED_BYTES / 1e9:.1f} GB"
        raise CommandError(
            f"not enough disk space at {var}: {free / 1e9:.1f} GB free, {required} needed"
        )
