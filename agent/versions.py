"""Refuse a release that needs another version of its runtime than the server has."""

import shutil
from fnmatch import fnmatchcase

from agent import runtimes
from agent.commands import PATH, Command, run
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from model.release import Manifest


def require_version(directory: ComponentDirectory, manifest: Manifest) -> None:
    """Raises AgentError when the server's runtime has a version that the release does not allow."""
    required = manifest.runtime_version
    if not required:
        return
    runtime = manifest.runtime
    requirement = f"{directory.component} needs {runtime} {required}"
    command = runtimes.get_runtime(runtime).version(directory.server)
    if not command:
        raise AgentError(f"{requirement}; {runtime} has no versions")
    version = installed_version(command)
    if not version or not fnmatchcase(version, required):
        raise AgentError(f"{requirement}; this server has {version or 'none'}")


def installed_version(command: Command) -> str:
    """The version in `v20.1.0`, `Python 3.11.2` or the bare number; empty without the program."""
    if not shutil.which(command[0], path=PATH["PATH"]):
        return ""
    return run(command).split()[-1].removeprefix("v")
