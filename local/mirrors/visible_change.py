"""The small visible change that `make change` commits to a component's mirror."""

import re
import time
from pathlib import Path

from local.mirrors.fast_import import commit, fast_import, quoted, sized
from local.mirrors.git_commands import MirrorError, git
from local.mirrors.git_config import mirror_folder
from model.component import Component
from model.mirrors import Edit, Mirrors
from model.reading import read


def commit_visible_change(site: Path, component: Component, mirrors: Path) -> str:
    """Commit the change that `mirrors.toml` describes, to the branch that the component follows.

    Returns a sentence with the commit and what to look for on a page; raises MirrorError.
    """
    described = read(site / "mirrors.toml", Mirrors)
    repository, edit, branch = find_edit(described, component)
    folder = mirror_folder(repository, mirrors)
    number = int(git(repository, folder, "rev-list", "--count", branch)) + 1
    mode = git(repository, folder, "ls-tree", branch, "--", edit.file).partition(" ")[0]
    text = git(repository, folder, "show", f"{branch}:{edit.file}")
    shows = edit.shows.replace("{number}", str(number))
    message = f"Show {shows}\n"
    commands = (
        *commit(branch, described.author, int(time.time()), message, f"refs/heads/{branch}^0"),
        f"M {mode} inline {quoted(edit.file)}\n".encode(),
        *sized(edited_file(repository, edit, text, number)),
    )
    fast_import(repository, folder, commands)
    short = git(repository, folder, "rev-parse", "--short", branch).strip()
    return (
        f"committed {short} to branch {branch} of {repository} ({edit.file}): "
        f"look for '{shows}' on the pages of {component.name}"
    )


def find_edit(described: Mirrors, component: Component) -> tuple[str, Edit, str]:
    """The repository, edit and branch of a component's change; raises MirrorError."""
    for source in component.sources:
        for mirror in described.mirrors:
            if mirror.repository == source.repository and mirror.change and source.branch:
                return mirror.repository, mirror.change, source.branch
    raise MirrorError(component.name, ("change",), "mirrors.toml describes no change for it")


def edited_file(repository: str, edit: Edit, text: str, number: int) -> bytes:
    """The text of a file after an edit; raises MirrorError unless the edit matches once."""
    replacement = edit.write.replace("{number}", str(number))
    text, matches = re.subn(edit.find, lambda _: replacement, text)
    if matches != 1:
        raise MirrorError(
            repository, ("replace", edit.find), f"{edit.file} has {matches} such places, not one"
        )
    return text.encode()
