"""Which of the free workers takes the next build."""

import random
from collections.abc import Sequence

from buildbot.process.builder import Builder
from buildbot.process.buildrequest import BuildRequest
from buildbot.process.workerforbuilder import AbstractWorkerForBuilder


def ready_first(
    _builder: Builder, free: Sequence[AbstractWorkerForBuilder], _request: BuildRequest
) -> AbstractWorkerForBuilder | None:
    """One whose machine need not be made before, if there is one."""
    ready = [one for one in free if getattr(one.worker, "is_ready", True)]
    return random.choice(ready or list(free)) if free else None  # noqa: S311  # no secret
