"""Makes a machine with only git, make and Python ready, then runs a command of ours on it.

    /usr/bin/python3 -B -m local.bootstrap run|test|test-as-root ARGUMENT...
    /usr/bin/python3 -B -m local.bootstrap report-left-out

`run` and `test` install the Debian packages and the virtual environment that they need, and become
that environment's Python with the arguments. What root installs in `var/` is root's: nobody else
can change what root runs. `test` goes on as an unprivileged user if root started it; what `run`
starts as root does each part of its work with the rights of another account, see
`local/installation_accounts.py`. `test-as-root` stays root, and leaves its tests out for everybody
else; `report-left-out` says so at the end of `make test`. Standard library only: all of it runs
before the virtual environment exists.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, NoReturn

from local.bootstrap import (
    folders,
    node_packages,
    packages,
    service_user,
    virtual_environment,
)
from local.errors import CommandError

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIRED_BYTES = 1_800_000_000
"""Free disk space: releases, mirrors and databases of WordPress and MediaWiki, and lists of apt."""
LEFT_OUT = 77
"""The exit code of a skipped test in Automake's test protocol:

https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html
"""


class Purpose(NamedTuple):
    """What the commands of one purpose need."""

    packages: Callable[[], tuple[str, ...]]
    """Debian's, by the release of this machine."""
    lock: str
    venv: str


PURPOSES = {
    "run": Purpose(packages.to_run, "requirements.lock", "venv"),
    "test": Purpose(packages.to_test, "requirements-dev.lock", "venv-test"),
}


def main() -> None:
    purpose, *arguments = sys.argv[1:]
    if purpose == "report-left-out":
        sys.exit(report_left_out())
    if purpose == "test-as-root":
        sys.exit(test_as_root(arguments))
    var = CHECKOUT / "var"
    environment = service_user.environment(os.environ, var / PURPOSES[purpose].venv, var)
    if os.geteuid() == 0:
        environment |= prepare_as_root(purpose, var)
        if purpose == "run" and service_user.is_root_s(var):
            service_user.open_checkout(CHECKOUT, service_user.account(service_user.NOBODY))
            go_on(purpose, arguments, environment)
        service_user.become(CHECKOUT, service_user.service_user(var))
    packages.ensure(PURPOSES[purpose].packages())
    require_writable(var)
    install(purpose, var, environment)
    go_on(purpose, arguments, environment)


def go_on(purpose: str, arguments: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Become the Python of a virtual environment."""
    os.chdir(CHECKOUT)
    python = str(CHECKOUT / "var" / PURPOSES[purpose].venv / "bin" / "python")
    os.execve(python, (python, *arguments), environment)  # noqa: S606  # the command to run


def prepare_as_root(purpose: str, var: Path) -> dict[str, str]:
    """Install what the commands need where root alone can write, with settings of root's alone.

    Returns the variables by which other accounts use it. An ordinary user who owns `var` installs
    everything but Debian packages, as without root.
    """
    folders.secure_process()
    packages.ensure(PURPOSES[purpose].packages())
    if not service_user.is_root_s(var):
        return {}
    service_user.prepare_var(var, service_user.service_user(var))
    venv, own = var / PURPOSES[purpose].venv, var / "root"
    for path in (own, venv, var / "node"):
        folders.own(path)
    environment = service_user.environment(os.environ, venv, own)
    install(purpose, var, environment | {"PIP_ROOT_USER_ACTION": "ignore"})
    if purpose == "test":
        return {}
    compile_all = (f"{venv}/bin/python", "-m", "compileall", "-q", "-x", r"/(var|tests)/", ".")
    subprocess.run(compile_all, cwd=CHECKOUT, env=environment, check=True)
    return {name: environment[name] for name in ("HOME", "PYTHONPYCACHEPREFIX", "PIP_CACHE_DIR")}


def install(purpose: str, var: Path, environment: Mapping[str, str]) -> None:
    """Install the packages of the purpose's lock files, unless they are there."""
    require_free_space(var)
    venv = var / PURPOSES[purpose].venv
    lock = CHECKOUT / PURPOSES[purpose].lock
    virtual_environment.ensure(venv, lock, environment, CHECKOUT)
    if purpose == "test":
        node_packages.ensure(var / "node", CHECKOUT, environment)


def test_as_root(arguments: list[str]) -> int:
    """Run the tests' Python as root, in a temporary folder; returns its exit code."""
    if os.geteuid():
        print("Not root: tests that only root can run are left out.")
        return 0
    service_user.require_root_s(CHECKOUT / "var")
    prepare = (sys.executable, "-B", "-m", "local.bootstrap", "test", "-c", "pass")
    if code := subprocess.run(prepare, cwd=CHECKOUT, check=False).returncode:
        return code
    folders.secure_process()
    venv = CHECKOUT / "var" / PURPOSES["test"].venv
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
    needed = (var, var / "cache", var / "home")
    try:
        for folder in needed:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write in {var}: {error.strerror}") from None
    for folder in needed:
        if not os.access(folder, os.W_OK):
            owner = folders.owner_name(folder.stat().st_uid)
            raise CommandError(f"cannot write in {folder}: it belongs to {owner}")


def require_free_space(var: Path) -> None:
    """Raises CommandError when the disk is too full."""
    free = shutil.disk_usage(var).free
    if free < REQUIRED_BYTES:
        required = f"{REQUIRED_BYTES / 1e9:.1f} GB"
        raise CommandError(
            f"not enough disk space at {var}: {free / 1e9:.1f} GB free, {required} needed"
        )
