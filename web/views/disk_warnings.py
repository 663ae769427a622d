"""Warnings of full disks of the master, for the board."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from releases.database_room import RESERVE


def disk_warnings(folders: Iterable[Path], percent: int) -> tuple[str, ...]:
    """A sentence for each disk of some folders of which less than so many percent are free."""
    disks = {folder.stat().st_dev: folder for folder in folders}
    sentences = (disk_warning(folder, percent) for folder in disks.values())
    return tuple(sentence for sentence in sentences if sentence)


def disk_warning(folder: Path, percent: int) -> str:
    """Why a disk has too little room, and what ends that; empty when it has enough."""
    total, _, free = shutil.disk_usage(folder)
    if free * 100 >= total * percent and free >= 2 * RESERVE:
        return ""
    effect = "No release is deployed" if free < RESERVE else "Soon no release is built or deployed"
    return (
        f"The master's disk is nearly full: {free / 1e6:,.0f} MB are free in {folder}. {effect}; "
        "rollbacks go on. The view Store removes what is not kept."
    )
