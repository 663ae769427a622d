"""The images of machines: Debian trees made from the recipes in `images/`, packed for Glance.

    /usr/bin/python3 -B -m tests.cloud.images RECIPE [--as NAME]

makes one more image from a recipe (a file, or the name of one of ours) and gives it to the running
cloud. A tree is made once for each content of its recipe and lies under `var/cloud/images/`.
"""

import os
import shutil
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from local.bootstrap.packages import INSTALL_FROM_OLDER, install_commands
from local.errors import exit_on_error
from tests.cloud import services
from tests.cloud.host import PROXY, run, sources, system_files
from tests.cloud.layout import KEPT, arguments, layout
from tests.cloud.recipes import Recipe, read

FOLDER = KEPT / "images"
NOT_YET = "#!/bin/sh\nexit 101\n"
"""Debian's way to keep services from starting while packages are installed."""


def packed(recipe: Recipe) -> Path:
    """The image's file, whose stem is its name in Glance; made when it is not there yet."""
    folder = FOLDER / recipe.digest
    if found := sorted(folder.glob("*.tar.zst")):
        return found[0]
    day = time.strftime("-%Y%m%d") if recipe.dated else ""
    print(f"Making the image {recipe.name}: {len(recipe.packages)} packages", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = folder / f"{recipe.name}{day}.tar.zst"
    if not recipe.base:
        pack(base(recipe), file)
    else:
        with above(base(recipe.base), recipe) as tree:
            install(tree, recipe)
            pack(tree, file)
    return file


def all_packed(recipes: Sequence[Recipe]) -> list[Path]:
    """The files of all these images; made at once, but each after the one that it builds upon."""
    making: dict[str, Future[Path]] = {}

    def make(recipe: Recipe) -> Path:
        if recipe.base:
            making[recipe.base.name].result()
        return packed(recipe)

    with ThreadPoolExecutor(len(recipes)) as pool:
        for recipe in recipes:
            making[recipe.name] = pool.submit(make, recipe)
        return [making[recipe.name].result() for recipe in recipes]


def base(recipe: Recipe) -> Path:
    """The tree that all others lie upon."""
    tree = FOLDER / recipe.digest / "tree"
    if tree.exists():
        return tree
    aside = FOLDER / f"{recipe.digest}.new"
    shutil.rmtree(aside, ignore_errors=True)
    included = f"--include={','.join(recipe.packages)}"
    bootstrap = ("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", included)
    run((*bootstrap, recipe.release.codename, str(aside), *sources(recipe.release)))
    for name, content in system_files().items():
        put(aside / name, content)
    chroot(aside, "update-ca-certificates")
    for key in (aside / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # cloud-init makes each machine's own
    for name in ("var/lib/dbus/machine-id", "etc/hostname", "etc/resolv.conf"):
        (aside / name).unlink(missing_ok=True)
    (aside / "etc/machine-id").write_text("")
    tree.parent.mkdir(parents=True, exist_ok=True)
    return aside.rename(tree)


@contextmanager
def above(tree: Path, recipe: Recipe) -> Iterator[Path]:
    """A tree that begins as the other one and leaves it as it is."""
    folder = FOLDER / f"{recipe.digest}.new"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("upper", "work", "tree"):
        (folder / name).mkdir(parents=True)
    options = f"lowerdir={tree},upperdir={folder}/upper,workdir={folder}/work"
    mounted = folder / "tree"
    run(("mount", "-t", "overlay", "overlay", "-o", options, str(mounted)))
    try:
        yield mounted
    finally:
        run(("umount", str(mounted)))
        shutil.rmtree(folder)


def install(tree: Path, recipe: Recipe) -> None:
    """Install with the host's own network: the relay is for machines."""
    build_only = ("etc/apt/apt.conf.d/90-slipcloud", "etc/pip.conf", "etc/npmrc")
    kept = {name: (tree / name).read_bytes() for name in build_only}
    put(tree / "etc/pip.conf", kept["etc/pip.conf"].replace(f"proxy = {PROXY}".encode(), b""))
    (tree / "etc/apt/apt.conf.d/90-slipcloud").unlink()
    put(tree / "etc/resolv.conf", Path("/etc/resolv.conf").read_bytes())
    put(tree / "usr/sbin/policy-rc.d", NOT_YET.encode())
    (tree / "usr/sbin/policy-rc.d").chmod(0o755)
    for name, content in recipe.files.items():
        put(tree / "root" / name, content)
    script = Path("/root") / INSTALL_FROM_OLDER.name
    for command in install_commands(recipe.packages, recipe.release, script):
        chroot(tree, "env", "DEBIAN_FRONTEND=noninteractive", *command)
    chroot(tree, "/bin/sh", "-e", "-c", f"cd /root\n{recipe.run}")
    chroot(tree, "apt-get", "clean")
    for name in ("etc/resolv.conf", "usr/sbin/policy-rc.d", *(f"root/{f}" for f in recipe.files)):
        (tree / name).unlink()
    for name, content in kept.items():
        put(tree / name, content)


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def chroot(tree: Path, *command: str) -> None:
    """Run a command inside, where it sees neither the host's files nor its processes."""
    nspawn = ("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe")
    inside = ("--resolv-conf=off", "--timezone=off", "--setenv=SYSTEMD_OFFLINE=1")
    machine = f"--machine=slipcloud-{sha256(bytes(tree)).hexdigest()[:12]}"
    run((*nspawn, *inside, machine, f"--directory={tree}", *command))


def pack(tree: Path, file: Path) -> None:
    """Pack everything with its owners and capabilities."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".new")
    attributes = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
    compressed = ("--use-compress-program", "zstd -T0 -1")
    run(("tar", "--create", "--file", str(aside), *attributes, *compressed, "-C", str(tree), "."))
    aside.rename(file)


def forget_others(made: Iterable[Path]) -> None:
    """Remove what recipes made before they were changed; each is hundreds of megabytes."""
    current = {file.parent.name for file in made} | {"unpacked"}
    for folder in FOLDER.iterdir():
        if folder.name not in current:
            shutil.rmtree(folder)


def unpacked_already(name: str) -> bool:
    return (FOLDER / "unpacked" / name).exists()


def unpacked(file: Path, name: str) -> Path:
    """The tree of a packed image, unpacked once for each name."""
    tree = FOLDER / "unpacked" / name
    if not tree.exists():
        aside = tree.with_suffix(f".{os.getpid()}.new")
        aside.mkdir(parents=True)
        attributes = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
        run(("tar", "--extract", "--zstd", "--file", str(file), *attributes, "-C", str(aside)))
        aside.rename(tree)
    return tree


def main() -> None:
    parser = arguments(ArgumentParser(description=__doc__))
    parser.add_argument("recipe")
    parser.add_argument("--as", dest="name", help="the image's name in Glance")
    given = parser.parse_args()
    file = packed(read(given.recipe))
    name = given.name or file.name.removesuffix(".tar.zst")
    services.tool(layout(given), "upload", name, str(file))
    print(f"{name} can be booted.")


if __name__ == "__main__":
    exit_on_error(main)
