"""`make bench`: how long a merge, a promotion and a rollback take, beside their floor.

Prints medians and ratios and asserts nothing: the figures belong to the machine they were seen on.
"""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.change import change
from local.layout import CHECKOUT
from tests.whole.line import Line, fresh
from tests.whole.visitors import Visitors

ROUNDS = 5
SWITCHES = 20
COMPONENT = "blog"
console = Console()


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def installation(folder: Path) -> tuple[Line, float]:
    """A fresh installation with its first releases, and the seconds until all pages answered."""
    line = fresh(folder)

    def served() -> None:
        line.run()
        line.log_in()
        for component in line.site.components:
            line.promote(component.name)

    return line, timed(served)


def served(line: Line, environment: str, digest_before: str | None) -> None:
    """Wait until an environment serves another release than before."""
    while line.live(environment, COMPONENT) == digest_before:
        time.sleep(0.01)


def merge(line: Line) -> float:
    """Seconds from a push with its hook to staging's first page from the new release."""
    before = line.live("staging", COMPONENT)
    began = time.perf_counter()
    change(line.layout, COMPONENT)
    served(line, "staging", before)
    seconds = time.perf_counter() - began
    line.idle()
    return seconds


def press(line: Line, button: str, **fields: str) -> float:
    """Seconds from a click to production's first page from the other release."""
    before = line.live("production", COMPONENT)
    began = time.perf_counter()
    line.press(button, f"{COMPONENT}-production", **fields)
    served(line, "production", before)
    seconds = time.perf_counter() - began
    line.idle()
    return seconds


def floor(line: Line) -> float:
    """Seconds for the same bytes without us: fetch, archive, compress, digest, untar, rename."""
    builder = line.layout.worker("build-1") / f"{COMPONENT}-build" / "build"
    upstream = line.mirror(COMPONENT, 0)
    tag = line.properties(line.builds(f"{COMPONENT}-build")[0])["release"]
    with tempfile.TemporaryDirectory(dir=builder.parent) as scratch:
        script = f"""
            set -euo pipefail
            cd {scratch}
            git init --quiet --bare r.git
            git -C r.git fetch --quiet --no-tags --depth=1 file://{upstream} refs/tags/{tag}
            git -C r.git archive FETCH_HEAD | tee >(sha256sum >digest) | zstd -q -3 -T2 -o a.zst
            mkdir new.tmp
            zstd -dqc a.zst | tar -x -C new.tmp
            mv new.tmp new
        """
        environment = os.environ | {"GIT_CONFIG_GLOBAL": str(line.layout.gitconfig)}
        return timed(lambda: subprocess.run(["bash", "-c", script], check=True, env=environment))


def memory(line: Line) -> float:
    """Megabytes of all our processes, shared pages counted once (PSS)."""
    groups = {int(path.read_text().split()[0]) for path in line.layout.pids.iterdir()}
    kilobytes = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) in groups:
                rollup = (process / "smaps_rollup").read_text()
                kilobytes += int(rollup.partition("Pss:")[2].split()[0])
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            continue
    return kilobytes / 1000


def checkconfig(line: Line) -> float:
    command = ["buildbot", "checkconfig", str(CHECKOUT / "master.cfg")]
    return timed(
        lambda: subprocess.run(command, check=True, capture_output=True, cwd=line.layout.master)
    )


def restart(line: Line) -> float:
    """Seconds from a killed master to its first answer."""
    line.kill("master")
    return timed(lambda: line.run("--no-wait"))


def main() -> None:
    line, fresh = installation(CHECKOUT / "var" / "bench")
    try:
        measure(line, fresh)
    finally:
        line.made("stop")


def measure(line: Line, fresh: float) -> None:
    merges, promotions, rollbacks, floors = [], [], [], []
    for _ in range(ROUNDS):
        floors.append(floor(line))
        merges.append(merge(line))
        promotions.append(press(line, "promote-production"))
        rollbacks.append(press(line, "roll-back-production"))
        line.press("lift-hold-production", f"{COMPONENT}-production")
        line.idle()

    # Staging runs what production was just rolled back from.
    both = [line.live("staging", COMPONENT) or "", line.live("production", COMPONENT) or ""]

    def switch() -> None:
        for number in range(SWITCHES):
            press(line, "roll-back-production", wanted=both[number % 2])

    answers = Visitors(line, "production", COMPONENT).during(switch)
    least = statistics.median(floors)
    table = Table(title=f"{COMPONENT} on {os.cpu_count()} cores, {platform.machine()}")
    for heading in ("what", "median s", "least", "most", "over the floor s", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    rows = {
        "floor: fetch, archive, zstd, sha256, untar, rename": floors,
        "push to staging serves it": merges,
        "promote to production serves it": promotions,
        "roll back to production serves it": rollbacks,
    }
    for what, seconds in rows.items():
        middle = statistics.median(seconds)
        figures = (middle, min(seconds), max(seconds), middle - least, middle / least)
        table.add_row(what, *(f"{figure:.2f}" for figure in figures))
    console.print(table)
    failed = sum(count for answer, count in answers.items() if answer != "200")
    console.print(f"{SWITCHES} switches under load: {answers.total()} requests, {failed} failed")
    console.print(f"installed packages to every page served in both: {fresh:.1f} s")
    console.print(f"all processes together: {memory(line):.0f} MB")
    console.print(f"buildbot checkconfig: {checkconfig(line):.2f} s")
    console.print(f"killed master until it answers, `make run` included: {restart(line):.1f} s")


if __name__ == "__main__":
    main()
