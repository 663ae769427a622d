"""Undo a deployment that failed, and finish or undo one that was killed.

- A verb fails before the switch, for example a check: `undo_on_failure` ends the new processes, and
  restores the database if its migration has begun. The live release is not touched. The event is
  `abandoned`.
- A verb fails after the switch: `undo_on_failure` also points `current` at the previous instance
  again. The event is `returned`.
- A verb is killed: the next verb (or `abandon`) calls `finish_or_undo`.

A backup is restored only when nobody could write since it was made (`agent/read_only.py`). Then it
may be days old.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from agent import database, processes, read_only, runtimes
from agent.component_directory import CURRENT, ComponentDirectory
from agent.errors import AgentError, error_message
from agent.instance import Instance
from agent.journal import EventName, UnfinishedDeployment
from agent.migration import undo_migration
from agent.verification import verify_release
from model.release import SHORT


def finish_or_undo(directory: ComponentDirectory) -> str | None:
    """End the unfinished deployment in the journal; the result in a sentence, None without one.

    Before its switch, it is undone. After its switch, the checks decide: the release stays live
    when it passes them, otherwise the switch is undone.
    """
    deployment = directory.journal.unfinished()
    if not deployment:
        remove_leftovers(directory)
        read_only.open_again(directory)
        return end_other_processes(directory)
    short = deployment.digest[:SHORT]
    if not is_switched(directory, deployment):
        return f"{short} was unfinished: {undo(directory, deployment, 'unfinished')}"
    try:
        reload_and_verify(directory, deployment.instance)
    except (AgentError, OSError) as error:
        return f"{error}: {undo(directory, deployment, str(error))}"
    directory.journal.append("live", deployment.instance)
    read_only.open_again(directory)
    remove_leftovers(directory)
    result = f"the unfinished switch to {short} has passed its checks: it is live"
    return "; ".join(filter(None, [result, end_other_processes(directory)]))


@contextmanager
def undo_on_failure(directory: ComponentDirectory) -> Iterator[None]:
    """A block whose failure undoes the unfinished deployment.

    Raises AgentError, which also names what was undone.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, AgentError | OSError):
            traceback.print_exc()
        deployment = directory.journal.unfinished()
        message = error_message(error)
        try:
            result = (
                undo(directory, deployment, message) if deployment else live_sentence(directory)
            )
        except (AgentError, OSError) as second:
            raise AgentError(f"{message}: {unsettled(directory, second)}") from None
        raise AgentError(f"{message}: {result}") from None


def unsettled(directory: ComponentDirectory, error: Exception) -> str:
    """What stands when a deployment could not be undone, in words."""
    closed = "; visitors may only read until then" if read_only.is_closed_at_edge(directory) else ""
    return (
        f"it could not be undone: {error_message(error)}; {live_sentence(directory)}; "
        f"the next deployment undoes it first{closed}"
    )


def undo(directory: ComponentDirectory, deployment: UnfinishedDeployment, reason: str) -> str:
    """Undo the switch and the migration, as far as they were made; the result in a sentence.

    It has the room of the reserve, in case the disk is full.

    Every part may be repeated, so a killed undo is done again as a whole. Visitors may write again
    when all of it is done.
    """
    directory.reserve.release()
    returning = is_switched(directory, deployment)
    results = [return_to_previous(directory, deployment) if returning else live_sentence(directory)]
    # Before the database is restored, because processes write to it until they end.
    warning = end_other_processes(directory)
    results.append(undo_migration(directory, deployment))
    remove_leftovers(directory)
    event: EventName = "returned" if returning else "abandoned"
    directory.journal.append(event, deployment.instance, why=reason)
    # After the event: an undo that was killed in between must not find the database open.
    read_only.open_again(directory)
    return "; ".join(filter(None, [*results, warning]))


def return_to_previous(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> str:
    """Make the instance live that was live before the switch, if any; the result in a sentence."""
    switch = deployment.first("switching")
    previous = switch.previous_instance if switch else None
    if previous:
        directory.set_link(CURRENT, previous)
    else:
        directory.remove_link(CURRENT)
    try:
        reload(directory, deployment.instance)
        if previous:
            processes.start(directory, previous)
    except (AgentError, OSError) as error:
        return f"{live_sentence(directory)}, but {error}"
    return f"returned to {previous.digest[:SHORT]}" if previous else "nothing is live, as before"


def remove_leftovers(directory: ComponentDirectory) -> None:
    """Remove what an unfinished deployment or rehearsal has left."""
    directory.remove_leftovers()
    database.drop_copy(directory)


def end_other_processes(directory: ComponentDirectory) -> str | None:
    """End the processes of every instance that is not live; a warning when that fails."""
    try:
        processes.end_others(directory, directory.live_instance)
    except (AgentError, OSError) as error:
        return f"but processes of other releases may still be running: {error_message(error)}"
    return None


def reload(directory: ComponentDirectory, instance: Instance) -> None:
    """Empty the runtime's caches, which may hold what another instance has put there."""
    runtimes.get_runtime(directory.manifest(instance).runtime).reload(directory)


def reload_and_verify(directory: ComponentDirectory, instance: Instance) -> None:
    """Verify the live instance as visitors reach it; raises AgentError."""
    reload(directory, instance)
    verify_release(directory, instance, CURRENT)


def is_switched(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> bool:
    return bool(deployment.first("switching")) and directory.live_instance == deployment.instance


def live_sentence(directory: ComponentDirectory) -> str:
    return f"{directory.live[:SHORT]} stays live" if directory.live else "nothing is live"
