"""The npm packages of a lock file, installed once and again only when the lock changes.

Standard library only: it runs before the virtual environment exists.
"""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.bootstrap import folders
from local.errors import CommandError

FILES = ("package.json", "package-lock.json")

INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")

UNREACHABLE = ("EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT")
"""npm's codes for a registry that does not answer."""


def ensure(folder: Path, checkout: Path, environment: Mapping[str, str]) -> None:
    """Make `folder` hold exactly the npm packages that the lock file of `checkout` lists.

    No package runs a program while it is installed. The link `node_modules` in the checkout leads
    to `folder`, since the unprivileged account may write in `var` only.
    """
    contents = [(checkout / name).read_bytes() for name in FILES]
    stamp = folder / "lock.sha256"
    wanted = hashlib.sha256(b"".join(contents)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"Installing npm packages from {FILES[1]} into {folder}", flush=True)
    folders.empty(folder)
    for name, content in zip(FILES, contents, strict=True):
        (folder / name).write_bytes(content)
    run(INSTALL, folder, environment)
    stamp.write_text(wanted)


def run(command: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> None:
    """Run npm in `folder`; raises CommandError with its own error message."""
    outcome = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise CommandError(f"no npm packages: {complaint(outcome.stderr)}")


def complaint(output: str) -> str:
    """The line of npm's output that explains most."""
    lines = [line for line in output.splitlines() if line.strip()]
    unreachable = next((line for line in lines if any(code in line for code in UNREACHABLE)), None)
    if unreachable:
        return f"the package registry does not answer ({unreachable[:200]})"
    errors = [line for line in lines if line.startswith(("npm ERR!", "npm error"))]
    return (errors or lines or ["npm printed no error"])[0]
