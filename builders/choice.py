"""Choose which request is built next, and by which worker."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from buildbot.master import BuildMaster
from buildbot.process.builder import Builder
from buildbot.process.buildrequest import BuildRequest
from buildbot.process.workerforbuilder import AbstractWorkerForBuilder


def ready_first(
    _builder: Builder, free: Sequence[AbstractWorkerForBuilder], _request: BuildRequest
) -> AbstractWorkerForBuilder | None:
    """A random free worker, if possible one whose machine exists already."""
    ready = [worker for worker in free if getattr(worker.worker, "is_ready", True)]
    return random.choice(ready or list(free)) if free else None  # noqa: S311  # no secret


async def newest_is_enough(
    _master: BuildMaster, _builder: Builder, new: Mapping[str, Any], waiting: Mapping[str, Any]
) -> bool:
    """A build takes what is newest when it starts, so it serves all earlier requests.

    Only earlier ones: of two that come at the same moment, each sees the other waiting.
    """
    return bool(waiting["buildrequestid"] < new["buildrequestid"])
