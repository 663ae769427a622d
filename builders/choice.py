"""Choose the worker for the next build."""

import random
from collections.abc import Sequence

from buildbot.process.builder import Builder
from buildbot.process.buildrequest import BuildRequest
from buildbot.process.workerforbuilder import AbstractWorkerForBuilder


def ready_first(
    _builder: Builder, free: Sequence[AbstractWorkerForBuilder], _request: BuildRequest
) -> AbstractWorkerForBuilder | None:
    """A random free worker, if possible one whose machine exists already."""
    ready = [worker for worker in free if getattr(worker.worker, "is_ready", True)]
    return random.choice(ready or list(free)) if free else None  # noqa: S311  # no secret
