"""How the dependencies that a lock file lists get into the tree, beside it, and nothing else."""

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
https://pip.pypa.io/en/stable/topics/secure-installs/. npm verifies those that the lock file has, so
that `verification` looks whether it has all; Composer those that its authors' archives have."""


VERIFY = (Path(__file__).parent / "integrity.js").read_text("utf-8")


def verification(lock: str) -> tuple[tuple[str, ...], str] | None:
    """The command that refuses a lock file with a package without a hash; None where pip does."""
    if installer(lock) != "npm":
        return None
    path = PurePosixPath(lock)
    return ("node", "-e", VERIFY, path.name), inside(path)


def dependencies(lock: str) -> str:
    """The path in the tree of what a lock file brings."""
    return str(PurePosixPath(lock).parent / FOLDERS[installer(lock)])


def installation(lock: str) -> tuple[tuple[str, ...], str]:
    """The command for one lock file, and the folder of the tree to run it in."""
    path = PurePosixPath(lock)
    program = installer(lock)
    named = (path.name,) if program == "pip" else ()
    return (*INSTALL[program], *named), inside(path)


def inside(lock: PurePosixPath) -> str:
    """The folder of the tree that a lock file lies in; empty for the tree itself."""
    return "" if lock.parent == PurePosixPath() else str(lock.parent)
