"""The bare repository of a mirror, which other programs see only when it is complete."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.mirrors.git_commands import git
from model.mirrors import Mirror

SETTINGS = {
    "gc.auto": "0",  # a collection in the background races with readers
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",  # as GitHub does
}


@contextmanager
def bare_repository(mirror: Mirror, folder: Path) -> Iterator[Path]:
    """A mirror's repository; a new one is moved to `folder` when the block has filled it."""
    if folder.exists():
        yield folder
        return
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        git(mirror.repository, draft, "init", "--quiet", "--bare", "--template=")
        for key, setting in SETTINGS.items():
            git(mirror.repository, draft, "config", key, setting)
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def set_main_branch(mirror: Mirror, folder: Path, branch: str) -> None:
    """Have a branch be the one that a clone checks out."""
    git(mirror.repository, folder, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
