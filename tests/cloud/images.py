"""The images of machines: Debian trees made from the recipes in `images/`, packed for Glance.

    /usr/bin/python3 -B -m tests.cloud.images RECIPE [--as NAME]

makes one more image from a recipe (a file, or the name of one of ours) and gives it to the running
cloud. A tree is made once for each content of its recipe and lies under `var/cloud/images/`.
"""

import json
import os
import shutil
import subprocess
import time
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from local.errors import CommandError, exit_on_error
from tests.cloud import services
from tests.cloud.layout import HERE, KEPT, arguments, layout
from tests.cloud.network import RELAY

SUITE = "bookworm"
PROXY_PORT = 3128
PROXY = f"http://{RELAY}:{PROXY_PORT}"
"""Where a machine finds the host's package registries; see `relay.py`."""
FOLDER = KEPT / "images"
BASE = "debian-12"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
NOT_YET = "#!/bin/sh\nexit 101\n"
"""Debian's way to keep services from starting while packages are installed."""


@dataclass(frozen=True)
class Recipe:
    """What a tree is made of."""

    name: str
    packages: tuple[str, ...]
    run: str = ""
    """Shell, executed inside as root beside the files."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    dated: bool = False
    """Whether the image's name ends with the day on which it was made."""

    @property
    def digest(self) -> str:
        """What the tree depends on: this, the tree below it, and how the host finds packages."""
        below = "" if self.name == BASE else read(BASE).digest
        files = [(name, content.decode()) for name, content in self.files.items()]
        values = (self.name, self.packages, self.run, files, below, system_files(), sources())
        # Bytes only appear in system files, as text.
        return sha256(json.dumps(values, default=bytes.decode).encode()).hexdigest()[:12]


def read(name: str) -> Recipe:
    """The recipe of that name, or in that file; raises CommandError when it is not there."""
    path = Path(name) if name.endswith(".toml") else HERE / "images" / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text())
        beside = [path.parent / file for file in values.pop("files", ())]
        files = {file.name: file.read_bytes() for file in beside}
        packages = tuple(values.pop("packages"))
        return Recipe(path.stem, packages, files=files, **values)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{path}: {error!r}") from None


def names() -> list[str]:
    """Our recipes, the one that the others build upon first."""
    found = sorted(path.stem for path in (HERE / "images").glob("*.toml"))
    return [BASE, *(name for name in found if name != BASE)]


def packed(recipe: Recipe) -> Path:
    """The image's file, whose stem is its name in Glance; made when it is not there yet."""
    folder = FOLDER / recipe.digest
    if found := sorted(folder.glob("*.tar.zst")):
        return found[0]
    day = time.strftime("-%Y%m%d") if recipe.dated else ""
    print(f"Making the image {recipe.name}: {len(recipe.packages)} packages", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = folder / f"{recipe.name}{day}.tar.zst"
    if recipe.name == BASE:
        tree = base(recipe)
        pack(tree, file)
    else:
        with above(base(read(BASE)), recipe) as tree:
            install(tree, recipe)
            pack(tree, file)
    return file


def all_packed(recipes: Sequence[Recipe]) -> list[Path]:
    """The files of all these images; after the first, those that build upon it at once."""
    first, *others = recipes
    with ThreadPoolExecutor() as pool:
        return [packed(first), *pool.map(packed, others)]


def base(recipe: Recipe) -> Path:
    """The tree that all others lie upon."""
    tree = FOLDER / recipe.digest / "tree"
    if tree.exists():
        return tree
    aside = FOLDER / f"{recipe.digest}.new"
    shutil.rmtree(aside, ignore_errors=True)
    included = f"--include={','.join(recipe.packages)}"
    bootstrap = ("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", included)
    run((*bootstrap, SUITE, str(aside), *sources()))
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


@cache
def sources() -> list[str]:
    """Debian's own repositories as this host's apt knows them, whatever else it knows."""
    wanted = "$(ORIGIN) [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI)"
    command = ("apt-get", "indextargets", "--format", f"{wanted} $(RELEASE) $(COMPONENT)")
    listing = run((*command, "Created-By: Packages")).splitlines()
    return sorted(
        {line.replace("Debian", "deb", 1) for line in listing if line.startswith("Debian ")}
    )


@cache
def system_files() -> dict[str, bytes]:
    """What makes a Debian tree a machine of ours: its data source, and its way to packages."""
    addresses = {
        "index-url": first_line("pip", "config", "get", "global.index-url"),
        "registry": first_line("npm", "config", "get", "registry"),
    }
    pip = f"[global]\nproxy = {PROXY}\ncert = /etc/ssl/certs/ca-certificates.crt\n"
    if addresses["index-url"]:
        pip += f"index-url = {addresses['index-url']}\n"
    npm = f"proxy={PROXY}\nhttps-proxy={PROXY}\ncafile=/etc/ssl/certs/ca-certificates.crt\n"
    if addresses["registry"]:
        npm += f"registry={addresses['registry']}\n"
    certificates = {
        f"{CERTIFICATES}/{path.name}".lstrip("/"): path.read_bytes()
        for path in sorted(CERTIFICATES.glob("*.crt"))
    }
    return certificates | {
        "etc/cloud/cloud.cfg.d/90-slipcloud.cfg": (
            b"datasource_list: [ConfigDrive]\n"
            b"network: {config: disabled}\n"
            b"manage_etc_hosts: true\n"
            b"locale: false\n"
            b"ssh_genkeytypes: [ed25519]\n"  # the others take a second of each boot
            b"apt: {preserve_sources_list: true}\n"
        ),
        "etc/apt/apt.conf.d/90-slipcloud": (
            f'Acquire::http::Proxy "{PROXY}";\nAcquire::https::Proxy "{PROXY}";\n'
            "Acquire::http::Pipeline-Depth 0;\n"
        ).encode(),
        "etc/dpkg/dpkg.cfg.d/90-slipcloud": b"force-unsafe-io\n",
        "etc/pip.conf": pip.encode(),
        "etc/npmrc": npm.encode(),
    }


def first_line(*command: str) -> str:
    """What a command that may not be there says."""
    if not shutil.which(command[0]):
        return ""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    return outcome.stdout.strip() if outcome.returncode == 0 else ""


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
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet")
    chroot(tree, *apt, "update")
    chroot(tree, *apt, "install", "--yes", "--no-install-recommends", *recipe.packages)
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


def run(command: tuple[str, ...]) -> str:
    """What a command prints; raises CommandError with the end of what it said when it fails."""
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        said = (outcome.stdout + outcome.stderr).strip().splitlines()
        raise CommandError("\n  ".join((f"{' '.join(command)[:200]} failed:", *said[-8:])))
    return outcome.stdout


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
