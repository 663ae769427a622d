"""`make bench`: a series on a large tree, and packing it, beside the tools that do only that.

Prints medians and ratios and asserts nothing: the figures belong to the machine they were seen on.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.layout import CHECKOUT
from local.mirrors.git_config import mirror_folder
from steps.tar import tar_archive
from tests import mirrors
from tests.repositories import PERSON, Repository
from tests.steps.worker import Worker, archive

UPSTREAM = "https://github.com/wikimedia/mediawiki.git"
LENGTHS = (1, 20, 200)
ROUNDS = 5
console = Console()


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def shell(line: str, folder: Path) -> None:
    """Run a line of bash that must succeed."""
    command = ["bash", "-euo", "pipefail", "-c", line]
    environment = os.environ | PERSON | {"LC_ALL": "C.UTF-8"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def upstream(folder: Path) -> Repository:
    """A work tree of MediaWiki, and 200 commits of ours to its PHP files on the branch `ours`."""
    mirrors.copy_to(folder.parent / "mirrors")
    mirror = mirror_folder(UPSTREAM, folder.parent / "mirrors")
    shell(f"git clone -q file://{mirror} {folder}", folder.parent)
    repository = object.__new__(Repository)
    repository.folder = folder
    repository.git("checkout", "-q", "-b", "ours")
    files = sorted((folder / "includes").rglob("*.php"))
    for number in range(max(LENGTHS)):
        path = files[number * 7 % len(files)]
        text = path.read_text("utf-8", "surrogateescape")
        path.write_text(text + f"// Change {number}.\n", "utf-8", "surrogateescape")
        repository.git("commit", "-q", "-am", f"Change {number}")
    repository.git("format-patch", "-q", "-o", str(folder.parent / "patches"), "origin/HEAD")
    repository.git("checkout", "-q", "--detach", "origin/HEAD")
    return repository


def rivals(patches: Sequence[Path], tree: Path) -> dict[str, Callable[[], None]]:
    """The same series by the tools for it, each on a clean work tree."""
    listed = " ".join(str(path) for path in patches)
    queue = tree.parent / "queue"
    shutil.rmtree(queue, ignore_errors=True)
    queue.mkdir()
    for path in patches:
        shutil.copy(path, queue)
    (queue / "series").write_text("".join(f"{path.name}\n" for path in patches))
    return {
        "git apply --index, one by one": lambda: shell(
            f"for p in {listed}; do git apply --index $p; done", tree
        ),
        "git apply --index, all at once": lambda: shell(f"git apply --index {listed}", tree),
        "git am": lambda: shell(f"git am -q {listed}", tree),
        "quilt push -a": lambda: shell(f"QUILT_PATCHES={queue} quilt push -a -q", tree),
    }


def clean(tree: Path) -> None:
    shell("git reset -q --hard origin/HEAD; git clean -ffdxq; git update-index -q --refresh", tree)


def series(source: Repository, scratch: Path) -> Table:
    table = Table(title=f"a series on {UPSTREAM}, median of {ROUNDS}, {os.cpu_count()} cores")
    for heading in ("patches", "what", "seconds", "to git apply --index"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    worker = Worker(scratch / "worker")
    everything = sorted((scratch / "patches").iterdir())
    for length in LENGTHS:
        patches = everything[:length]
        files = {path.name: path.read_bytes() for path in patches}
        seconds: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            worker.add_source(source, "origin/HEAD")
            seconds.setdefault("ours", []).append(timed(partial(ours, worker, files)))
            for name, work in rivals(patches, source.folder).items():
                clean(source.folder)
                seconds.setdefault(name, []).append(timed(work))
        clean(source.folder)
        middle = {name: statistics.median(taken) for name, taken in seconds.items()}
        least = middle["git apply --index, one by one"]
        for name, taken in middle.items():
            table.add_row(str(length), name, f"{taken:.2f}", f"{taken / least:.2f}")
    return table


def ours(worker: Worker, files: dict[str, bytes]) -> None:
    worker.run("series", "apply", "series", "", "", stdin=archive(files))


def packing(source: Repository, scratch: Path) -> Table:
    table = Table(title=f"the artifact of the same tree, median of {ROUNDS}")
    for heading in ("what", "seconds", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    worker = Worker(scratch / "packer")
    worker.add_source(source, "origin/HEAD")
    manifest = tar_archive({".slipway/manifest.json": b"{}"})
    bare = f"git archive origin/HEAD | zstd -q -3 -T2 -f -o {scratch / 'bare.zst'}"
    seconds: dict[str, list[float]] = {"git archive | zstd -3 -T2": [], "ours": []}
    for _ in range(ROUNDS):
        seconds["git archive | zstd -3 -T2"].append(timed(lambda: shell(bare, source.folder)))
        pack = timed(lambda: worker.run("pack", "@1 +0000", "blog.example.org", stdin=manifest))
        seconds["ours"].append(pack)
    least = statistics.median(seconds["git archive | zstd -3 -T2"])
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        table.add_row(name, f"{middle:.2f}", f"{middle / least:.2f}")
    return table


def main() -> None:
    (CHECKOUT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CHECKOUT / "var", prefix="series-") as folder:
        scratch = Path(folder)
        source = upstream(scratch / "tree")
        console.print(series(source, scratch))
        console.print(packing(source, scratch))


if __name__ == "__main__":
    main()
