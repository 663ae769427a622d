"""Undo a deployment that failed, and finish or undo one that was killed.

- A verb fails before the switch, for example a check: `undo_on_failure` restores a migrated
  database and ends the new processes. The live release is not touched. The event is `abandoned`.
- A verb fails after the switch: `undo_on_failure` also points `current` at the previous release
  again. The event is `returned`.
- A verb is killed: the next verb (or `abandon`) calls `finish_or_undo`.

A migrated database stays as it is when visitors may have used it for long: see `UNDECIDED`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from agent import database, processes, runtimes
from agent.component_directory import CURRENT, ComponentDirectory
from agent.errors import AgentError, error_message
from agent.journal import EventName, UnfinishedDeployment
from agent.verification import verify_release
from model.release import SHORT, Digest

UNDECIDED = timedelta(minutes=10)
"""Longer than servers that switch together take until `keep`. A switch without a decision for
longer has an owner that is lost, and visitors have written to the database."""


def finish_or_undo(directory: ComponentDirectory) -> str | None:
    """End the unfinished deployment in the journal; the result in a sentence, None without one.

    Before its switch, it is undone. After its switch, visitors have been using the new release, so
    the checks decide: the release stays live when it passes them, otherwise the switch is undone.
    """
    deployment = directory.journal.unfinished()
    if not deployment:
        directory.remove_leftovers()
        return end_other_processes(directory)
    short = deployment.digest[:SHORT]
    if not is_switched(directory, deployment):
        return f"{short} was unfinished: {undo(directory, deployment, 'unfinished')}"
    try:
        reload_and_verify(directory, deployment.digest)
    except (AgentError, OSError) as error:
        return f"{error}: {undo(directory, deployment, str(error))}"
    directory.journal.append("live", deployment.digest)
    directory.remove_leftovers()
    result = f"the unfinished switch to {short} has passed its checks: it is live"
    return "; ".join(filter(None, [result, end_other_processes(directory)]))


@contextmanager
def undo_on_failure(directory: ComponentDirectory) -> Iterator[None]:
    """A block whose failure undoes the unfinished deployment.

    Raises AgentError, which also names what was undone.
    """
    try:
        yield
    except (AgentError, OSError) as error:
        deployment = directory.journal.unfinished()
        message = error_message(error)
        result = undo(directory, deployment, message) if deployment else live_sentence(directory)
        raise AgentError(f"{message}: {result}") from None


def undo(directory: ComponentDirectory, deployment: UnfinishedDeployment, reason: str) -> str:
    """Undo the switch and the migration, as far as they were made; the result in a sentence.

    Every part may be repeated, so a killed undo is done again as a whole.
    """
    returning = is_switched(directory, deployment)
    results = [return_to_previous(directory, deployment) if returning else live_sentence(directory)]
    # Before the database is restored, because processes write to it until they end.
    warning = end_other_processes(directory)
    if change := deployment.first("installing", "migrating"):
        results.append(
            "its database is not restored, because visitors have used it since"
            if is_long_undecided(deployment)
            else database.restore(directory, change.backup)
        )
    directory.remove_leftovers()
    event: EventName = "returned" if returning else "abandoned"
    directory.journal.append(event, deployment.digest, why=reason)
    return "; ".join(results if warning is None else [*results, warning])


def return_to_previous(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> str:
    """Make the release live that was live before the switch, if any; the result in a sentence."""
    switch = deployment.first("switching")
    previous = switch.previous if switch else None
    runtime = runtimes.get_runtime(directory.manifest(deployment.digest).runtime)
    if previous:
        directory.set_link(CURRENT, previous)
    else:
        directory.remove_link(CURRENT)
    try:
        runtime.reload(directory.server)
        if previous:
            processes.start(directory, previous)
    except (AgentError, OSError) as error:
        return f"{live_sentence(directory)}, but {error}"
    return f"returned to {previous[:SHORT]}" if previous else "nothing is live, as before"


def end_other_processes(directory: ComponentDirectory) -> str | None:
    """End the processes of every release that is not live; a warning when that fails."""
    try:
        processes.end_others(directory, directory.live)
    except (AgentError, OSError) as error:
        return f"but processes of other releases may still be running: {error_message(error)}"
    return None


def reload_and_verify(directory: ComponentDirectory, digest: Digest) -> None:
    """Reload the runtime and verify the live release as visitors reach it; raises AgentError."""
    manifest = directory.manifest(digest)
    runtimes.get_runtime(manifest.runtime).reload(directory.server)
    verify_release(directory, digest, CURRENT)


def is_switched(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> bool:
    return bool(deployment.first("switching")) and directory.live == deployment.digest


def is_long_undecided(deployment: UnfinishedDeployment) -> bool:
    """Whether visitors may have written much since a switch that waits for other servers."""
    switch = deployment.undecided_switch
    return switch is not None and datetime.now(UTC) - switch.time > UNDECIDED


def live_sentence(directory: ComponentDirectory) -> str:
    return f"{directory.live[:SHORT]} stays live" if directory.live else "nothing is live"
