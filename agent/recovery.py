"""How a deployment that did not succeed, or was killed, leaves one whole release live."""

from datetime import UTC, datetime, timedelta

from agent import database, processes, runtimes
from agent.component_directory import CURRENT, ComponentDirectory
from agent.failure import Failure, sentence
from agent.journal import Deployment
from agent.proof import prove
from model.release import SHORT, Digest

UNDECIDED = timedelta(minutes=10)
"""Longer than servers that switch together take to hear of each other."""


def settle(directory: ComponentDirectory) -> str | None:
    """Finish or undo the deployment that the journal leaves open; a sentence when there was one.

    Killed before the switch, it is undone, and its database brought back to the moment before its
    migration. Killed after the switch, the new release has been answering visitors since, so it
    is asked for its proof now: with it the release stays live, without it the old one returns.
    """
    deployment = directory.journal.unfinished()
    if not deployment:
        directory.clean()
        return leftover(directory)
    short = deployment.digest[:SHORT]
    if not switched(directory, deployment):
        return f"{short} was unfinished: {undo(directory, deployment, 'unfinished')}"
    try:
        confirm(directory, deployment.digest)
    except (Failure, OSError) as reason:
        return f"{reason}: {undo(directory, deployment, str(reason))}"
    directory.journal.append("live", deployment.digest)
    directory.clean()
    told = [f"the unfinished switch to {short} has been proved: it is live", leftover(directory)]
    return "; ".join(filter(None, told))


def confirm(directory: ComponentDirectory, digest: Digest) -> None:
    """Reload and prove over HTTPS that the live release answers; raises Failure."""
    manifest = directory.manifest(digest)
    runtimes.of(manifest.runtime).reload(directory.server)
    prove(directory, digest, CURRENT)


def switched(directory: ComponentDirectory, deployment: Deployment) -> bool:
    return bool(deployment.first("switching")) and directory.live == deployment.digest


def undo(directory: ComponentDirectory, deployment: Deployment, why: str) -> str:
    """Bring back what was live and, if this deployment changed it, the database; in a sentence.

    Each part may be done twice, so a kill in the middle is answered by doing all of it again.
    """
    back = switched(directory, deployment)
    done = [turn_back(directory, deployment) if back else standing(directory)]
    # Before its database is brought back: they may write to it until they end.
    left = leftover(directory)
    if change := deployment.first("installing", "migrating"):
        done.append(
            "its database stays as visitors have left it"
            if long_served(deployment)
            else database.restore(directory, change.backup)
        )
    directory.clean()
    directory.journal.append("returned" if back else "abandoned", deployment.digest, why=why)
    return "; ".join(done if left is None else [*done, left])


def long_served(deployment: Deployment) -> bool:
    """Whether visitors may have written much since a switch on which nobody has decided."""
    begun = deployment.undecided
    return begun is not None and datetime.now(UTC) - begun.time > UNDECIDED


def leftover(directory: ComponentDirectory) -> str | None:
    """End the processes of every release that is not live; what to say when that fails."""
    try:
        processes.end_others(directory, directory.live)
    except (Failure, OSError) as reason:
        return f"but processes of other releases may still run: {sentence(reason)}"
    return None


def undone(directory: ComponentDirectory, reason: Exception) -> Failure:
    """The failure of the deployment that is open, after it has been undone."""
    deployment = directory.journal.unfinished()
    what = undo(directory, deployment, sentence(reason)) if deployment else standing(directory)
    return Failure(f"{sentence(reason)}: {what}")


def turn_back(directory: ComponentDirectory, deployment: Deployment) -> str:
    """Make the release live that was before; nothing is, if there was none."""
    switch = deployment.first("switching")
    previous = switch.previous if switch else None
    runtime = runtimes.of(directory.manifest(deployment.digest).runtime)
    if previous:
        directory.point(CURRENT, previous)
    else:
        directory.unpoint(CURRENT)
    try:
        runtime.reload(directory.server)
        if previous:
            processes.start(directory, previous)
    except (Failure, OSError) as reason:
        return f"{standing(directory)}, but {reason}"
    return f"returned to {previous[:SHORT]}" if previous else "nothing is live, as before"


def standing(directory: ComponentDirectory) -> str:
    return f"{directory.live[:SHORT]} stays live" if directory.live else "nothing is live"
