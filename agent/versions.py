"""Which version of a runtime a server has, and whether a release can run on it."""

import shutil
from fnmatch import fnmatchcase

from agent import runtimes
from agent.commands import PATH, Command, run
from agent.component_directory import ComponentDirectory
from agent.failure import Failure
from model.release import Manifest


def suit(directory: ComponentDirectory, manifest: Manifest) -> None:
    """Raises Failure when the server's runtime has a version that the release does not allow."""
    wanted = manifest.runtime_version
    if not wanted:
        return
    runtime = manifest.runtime
    command = runtimes.of(runtime).version(directory.server)
    if not command:
        raise Failure(f"{directory.component} needs {runtime} {wanted}; {runtime} has no versions")
    version = told(command)
    if not version or not fnmatchcase(version, wanted):
        has = version or "none"
        raise Failure(f"{directory.component} needs {runtime} {wanted}; this server has {has}")


def told(command: Command) -> str:
    """The version that a program prints: `v20.1.0`, `Python 3.11.2` or the bare number."""
    if not shutil.which(command[0], path=PATH["PATH"]):
        return ""
    return run(command).split()[-1].removeprefix("v")
