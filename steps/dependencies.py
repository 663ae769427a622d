"""The commands that install the dependencies of a lock file into the tree, beside it."""

from pathlib import Path, PurePosixPath

from model.component import installer

FOLDERS = {"npm": "node_modules", "composer": "vendor", "pip": "packages"}
"""Where each program puts what it installs, beside the lock file."""

INSTALL = {
    "npm": ("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"),
    "composer": (
        *("composer", "install", "--no-dev", "--no-interaction", "--no-scripts", "--no-plugins"),
        *("--prefer-dist", "--no-progress", "--classmap-authoritative"),
    ),
    "pip": (
        *("/usr/bin/python3", "-m", "pip", "--quiet", "install", "--require-hashes", "--no-deps"),
        *("--only-binary=:all:", "--no-compile", f"--target={FOLDERS['pip']}", "--requirement"),
    ),
}
"""Hashes are verified and no package's own scripts run: `npm help ci`, `composer help install`,
https://pip.pypa.io/en/stable/topics/secure-installs/. npm verifies only the hashes that the lock
file has: `verify_command` refuses a file in which one is missing. Composer verifies those of
archives."""


VERIFY = (Path(__file__).parent / "integrity.js").read_text("utf-8")


def verify_command(lock: str) -> tuple[tuple[str, ...], str] | None:
    """The command that refuses a lock file with a package without a hash, and its folder.

    None when the installer does so itself.
    """
    if installer(lock) != "npm":
        return None
    path = PurePosixPath(lock)
    return ("node", "-e", VERIFY, path.name), lock_folder(path)


def install_path(lock: str) -> str:
    """The path in the tree at which the dependencies of a lock file are installed."""
    return str(PurePosixPath(lock).parent / FOLDERS[installer(lock)])


def install_command(lock: str) -> tuple[tuple[str, ...], str]:
    """The command that installs one lock file, and the folder of the tree to run it in."""
    path = PurePosixPath(lock)
    program = installer(lock)
    file = (path.name,) if program == "pip" else ()
    return (*INSTALL[program], *file), lock_folder(path)


def lock_folder(lock: PurePosixPath) -> str:
    """The folder of the tree that holds a lock file; empty for the tree itself."""
    return "" if lock.parent == PurePosixPath() else str(lock.parent)
