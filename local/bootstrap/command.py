"""Makes a machine with nothing but git, make and Python ready, then runs a command of ours on it.

    /usr/bin/python3 -B -m local.bootstrap run|test|test-as-root ARGUMENT...

installs the Debian packages and the virtual environment that `run` or `test` needs (for `test` the
npm packages too), goes on as an unprivileged user when root started it, and becomes that
environment's Python with the arguments.
`test-as-root` is for what can be shown by root only: it stays root, and does nothing without it.
Standard library only: it runs before the virtual environment exists.
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
ROOM = 1_500_000_000
"""Bytes that must be free: two WordPress and MediaWiki releases, their mirrors and databases."""

PURPOSES = {
    "run": (packages.RUN, "requirements.lock", "venv"),
    "test": (packages.TEST, "requirements-dev.lock", "venv-test"),
}


def main() -> None:
    purpose, *arguments = sys.argv[1:]
    if purpose == "test-as-root":
        sys.exit(as_root(arguments))
    wanted, lock, name = PURPOSES[purpose]
    var = CHECKOUT / "var"
    packages.ensure(wanted)
    if os.geteuid() == 0:
        service_user.become(CHECKOUT, var)
    writable(var)
    require_free_space(var)
    venv = var / name
    environment = service_user.environment(os.environ, venv, var)
    virtual_environment.ensure(venv, CHECKOUT / lock, environment, CHECKOUT)
    if purpose == "test":
        node_packages.ensure(var / "node", CHECKOUT, environment)
    os.chdir(CHECKOUT)
    python = str(venv / "bin" / "python")
    os.execve(python, (python, *arguments), environment)  # noqa: S606  # what we are here for


def as_root(arguments: list[str]) -> int:
    """The exit code of the tests' Python, run as root; whatever it writes is gone afterwards."""
    if os.geteuid():
        print("Not root: what only root can show was left out.")
        return 0
    # An unprivileged user owns the virtual environment, as ever.
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


def writable(var: Path) -> None:
    """Refuse a folder in which nothing can be kept, naming it and its owner."""
    try:
        for folder in (var, var / "cache", var / "home"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write in {var}: {error.strerror}") from None
    closed = next(
        (f for f in (var, var / "cache", var / "home") if not os.access(f, os.W_OK)), None
    )
    if closed:
        raise CommandError(f"cannot write in {closed}: it belongs to {closed.owner()}")


def require_free_space(var: Path) -> None:
    free = shutil.disk_usage(var).free
    if free < ROOM:
        wanted = f"{ROOM / 1e9:.1f} GB"
        raise CommandError(
            f"not enough disk space at {var}: {free / 1e9:.1f} GB free, {wanted} needed"
        )
