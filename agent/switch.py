"""switch and keep: make a release live, and verify it as visitors reach it.

A release that fails its checks after the switch is undone: `current` points at the previous release
again (`agent/recovery.py`). Rolling back is a switch to an earlier release that is still installed,
without a migration and without restoring a database.

With several servers (`--together`), each one verifies the release and leaves its deployment
unfinished. When all of them succeed, `keep` ends it; otherwise `abandon --switched DIGEST` undoes
it.
"""

import time

from agent import processes
from agent.component_directory import CURRENT, NEXT, ComponentDirectory
from agent.errors import AgentError, error_message
from agent.journal import UnfinishedDeployment
from agent.recovery import (
    finish_or_undo,
    is_switched,
    live_sentence,
    reload_and_verify,
    undo_on_failure,
)
from model.release import SHORT, Digest


def switch(directory: ComponentDirectory, digest: Digest, *, together: bool = False) -> str:
    """The result in a sentence; raises AgentError naming the check, with the old release live."""
    start = time.monotonic()
    directory.manifest(digest)
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest != digest:
        print(finish_or_undo(directory), flush=True)
        deployment = None
    if directory.live == digest and not (deployment and deployment.first("switching")):
        return verify_live_release(directory, digest)
    require_check(directory, digest, deployment)
    with undo_on_failure(directory):
        previous = set_current(directory, digest, deployment, together=together)
        reload_and_verify(directory, digest)
    summary = f"in {time.monotonic() - start:.1f} s, digest {digest[:SHORT]}"
    if together:
        return f"answers {summary}"
    return f"live {summary}{end_deployment(directory, digest, previous)}"


def keep(directory: ComponentDirectory, digest: Digest) -> str:
    """End a switch that all servers have made together; the result in a sentence."""
    deployment = directory.journal.unfinished()
    switching = deployment.first("switching") if deployment else None
    if directory.live != digest:
        raise AgentError(f"{digest[:SHORT]} is not live here: {live_sentence(directory)}")
    if not switching:
        return f"already live, digest {digest[:SHORT]}"
    return f"live, digest {digest[:SHORT]}{end_deployment(directory, digest, switching.previous)}"


def end_deployment(directory: ComponentDirectory, digest: Digest, previous: Digest | None) -> str:
    """Record that the release is live, and remove old releases; a warning when removing fails.

    The warning is the end of a sentence, because the switch itself has succeeded.
    """
    directory.journal.append("live", digest)
    try:
        directory.remove_link(NEXT)
        processes.end_others(directory, digest)
        directory.prune(directory.context().keep, digest, previous)
    except (AgentError, OSError) as error:
        return f", but older releases could not be removed: {error_message(error)}"
    return ""


def require_check(
    directory: ComponentDirectory, digest: Digest, deployment: UnfinishedDeployment | None
) -> None:
    """Raises AgentError for a release that has passed no check here and was never live."""
    checked = deployment and (deployment.first("checked") or deployment.first("switching"))
    if not checked and not directory.journal.last_time(digest, "live"):
        raise AgentError(
            f"{digest[:SHORT]} was never live and has not been checked: check it first"
        )


def set_current(
    directory: ComponentDirectory,
    digest: Digest,
    deployment: UnfinishedDeployment | None,
    *,
    together: bool,
) -> Digest | None:
    """Point `current` at the release, unless a killed switch has; the release that was live before.

    The event is written first, so that the next verb after a kill ends the processes started here.
    """
    switching = deployment.first("switching") if deployment else None
    if switching and deployment and is_switched(directory, deployment):
        return switching.previous
    previous = directory.live
    directory.journal.append("switching", digest, previous=previous, together=together)
    processes.start(directory, digest)
    directory.set_link(CURRENT, digest)
    return previous


def verify_live_release(directory: ComponentDirectory, digest: Digest) -> str:
    """Verify a release that is live already; a failure leaves it live, and undoes a migration."""
    with undo_on_failure(directory):
        processes.start(directory, digest)
        reload_and_verify(directory, digest)
    directory.journal.append("proved", digest)
    directory.remove_link(NEXT)
    return f"already live, digest {digest[:SHORT]}"
