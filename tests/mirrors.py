"""Mirrors of the demo site for tests alone, as `make` creates them and without further commits.

A user's own mirrors in `var/mirrors` hold whatever was pushed to them in the demo, which may be
broken on purpose.
"""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from local.bootstrap.service_user import NAME
from local.layout import CHECKOUT
from local.mirrors.git_commands import git
from local.mirrors.git_config import mirror_folder
from local.mirrors.mirror_builder import make_mirrors
from model.mirrors import Mirror, Mirrors
from model.reading import read

DEMO = CHECKOUT / "sites" / "demo"
VAR = CHECKOUT / "var" if os.geteuid() else CHECKOUT / "var" / "root"
"""Root runs git in no folder of others: a repository's configuration names programs."""
OURS = VAR / "test-mirrors"
CACHE = VAR / "cache" / "mirrors"
"""Downloaded packages, which `make run` keeps there too."""
STATE = "state.json"
"""What each mirror looked like when it was made, by repository."""


def copy_to(folder: Path) -> None:
    """Copy the demo site's mirrors, as `make` creates them, to a new folder; tests may push there.

    Sessions of tests that run at the same time wait for each other. A copy of root's is given to
    the account that `make change` commits as.
    """
    OURS.parent.mkdir(parents=True, exist_ok=True)
    with OURS.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reset(DEMO, OURS, CACHE)
        subprocess.run(("cp", "-a", "--reflink=auto", OURS, folder), check=True)
    if os.geteuid() == 0:
        subprocess.run(("chown", "--recursive", f"{NAME}:{NAME}", folder), check=True)


def reset(site: Path, mirrors: Path, cache: Path) -> None:
    """Make the missing mirrors of a site, and those again that are not as `make` left them.

    What comes from the site's files takes milliseconds, and is made each time: the files may have
    changed. A mirror of a package takes seconds, and is kept while its references are those that
    were written down when it was made.
    """
    described = read(site / "mirrors.toml", Mirrors)
    written = mirrors / STATE
    before = json.loads(written.read_text()) if written.exists() else {}
    for mirror in described.mirrors:
        folder = mirror_folder(mirror.repository, mirrors)
        if mirror.files or before.get(mirror.repository) != state(described, mirror, folder):
            shutil.rmtree(folder, ignore_errors=True)
    written.unlink(missing_ok=True)  # an interrupted run knows of no mirror that it may keep
    print(*make_mirrors(site, mirrors, cache, print), sep="\n")
    now = {
        mirror.repository: state(described, mirror, mirror_folder(mirror.repository, mirrors))
        for mirror in described.mirrors
    }
    written.write_text(json.dumps(now, indent=1))


def state(described: Mirrors, mirror: Mirror, folder: Path) -> dict[str, Any] | None:
    """What a mirror is made of, and where its branches and tags point; none when it is missing."""
    if not folder.exists():
        return None
    names = git(mirror.repository, folder, "for-each-ref", "--format=%(objectname) %(refname)")
    return {
        "author": described.author,
        "mirror": mirror.model_dump(mode="json"),
        "references": names.splitlines(),
    }
