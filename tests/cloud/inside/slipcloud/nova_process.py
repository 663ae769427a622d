"""Runs nova-conductor, nova-scheduler or nova-compute as soon as what it needs is there.

Importing is the slow part, so all three import at the same time; then each waits for the others.
"""

# isort: off
from nova import monkey_patch

monkey_patch.patch(backend="threading")  # before anything of Nova's is imported

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nova.servicegroup import api

from tests.cloud.layout import MARK, Layout
from tests.cloud.services import answers, listens
# isort: on

PATIENCE = 120


def needs(name: str, layout: Layout) -> Iterator[Callable[[], bool]]:
    """What must be there first: conductor and scheduler give up when Keystone refuses them."""
    yield lambda: listens(layout.port("rabbit"))
    yield answers(f"{layout.internal('keystone')}/v3")
    yield answers(f"{layout.internal('placement')}/")
    if name == "compute":
        log = layout.logs / "nova-conductor.log"
        yield lambda: log.is_file() and "Starting conductor node" in log.read_text()


def main() -> None:
    name, *arguments = sys.argv[1:]
    layout = Layout(Path(os.environ[MARK]), int(os.environ[f"{MARK}_FIRST_PORT"]))
    process = importlib.import_module(f"nova.cmd.{name}")
    importlib.import_module(f"nova.{name}.manager")
    # The scheduler takes a host for dead until it reports, which is 5 seconds after it can work.
    api.INITIAL_REPORTING_DELAY = 0
    if name == "compute":
        # Nova looks for drivers below nova.virt only.
        sys.modules["nova.virt.slipcloud"] = importlib.import_module("slipcloud.driver")
    limit = time.monotonic() + PATIENCE
    for met in needs(name, layout):
        while not met():
            if time.monotonic() > limit:
                sys.exit(f"nova-{name}: what it needs did not come up in {PATIENCE} s")
            time.sleep(0.1)  # what it needs are ports and rows of other processes
    sys.argv = [f"nova-{name}", *arguments]
    process.main()


if __name__ == "__main__":
    main()
