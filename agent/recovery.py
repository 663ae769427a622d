"""How a deployment that did not succeed, or was killed, leaves one whole release live."""

from datetime import UTC, datetime, timedelta

from agent import database, processes, runtimes
from agent.component_directory import CURRENT, Place
from agent.failure import Failure, sentence
from agent.journal import Deployment
from agent.proof import prove
from model.release import SHORT, Digest

UNDECIDED = timedelta(minutes=10)
"""Longer than servers that switch together take to hear of each other."""


def settle(place: Place) -> str | None:
    """Finish or undo the deployment that the journal leaves open; a sentence when there was one.

    Killed before the switch, it is undone, and its database brought back to the moment before its
    migration. Killed after the switch, the new release has been answering visitors since, so it
    is asked for its proof now: with it the release stays live, without it the old one returns.
    """
    deployment = place.journal.unfinished()
    if not deployment:
        place.clean()
        return leftover(place)
    short = deployment.digest[:SHORT]
    if not switched(place, deployment):
        return f"{short} was unfinished: {undo(place, deployment, 'unfinished')}"
    try:
        confirm(place, deployment.digest)
    except (Failure, OSError) as reason:
        return f"{reason}: {undo(place, deployment, str(reason))}"
    place.journal.append("live", deployment.digest)
    place.clean()
    told = [f"the unfinished switch to {short} has been proved: it is live", leftover(place)]
    return "; ".join(filter(None, told))


def confirm(place: Place, digest: Digest) -> None:
    """Reload and prove over HTTPS that the live release answers; raises Failure."""
    manifest = place.manifest(digest)
    runtimes.of(manifest.runtime).reload(place.server)
    prove(place, digest, CURRENT)


def switched(place: Place, deployment: Deployment) -> bool:
    return bool(deployment.first("switching")) and place.live == deployment.digest


def undo(place: Place, deployment: Deployment, why: str) -> str:
    """Bring back what was live and, if this deployment changed it, the database; in a sentence.

    Each part may be done twice, so a kill in the middle is answered by doing all of it again.
    """
    back = switched(place, deployment)
    done = [turn_back(place, deployment) if back else standing(place)]
    # Before its database is brought back: they may write to it until they end.
    left = leftover(place)
    if change := deployment.first("installing", "migrating"):
        done.append(
            "its database stays as visitors have left it"
            if long_served(deployment)
            else database.restore(place, change.backup)
        )
    place.clean()
    place.journal.append("returned" if back else "abandoned", deployment.digest, why=why)
    return "; ".join(done if left is None else [*done, left])


def long_served(deployment: Deployment) -> bool:
    """Whether visitors may have written much since a switch on which nobody has decided."""
    begun = deployment.undecided
    return begun is not None and datetime.now(UTC) - begun.time > UNDECIDED


def leftover(place: Place) -> str | None:
    """End the processes of every release that is not live; what to say when that fails."""
    try:
        processes.only(place, place.live)
    except (Failure, OSError) as reason:
        return f"but processes of other releases may still run: {sentence(reason)}"
    return None


def undone(place: Place, reason: Exception) -> Failure:
    """The failure of the deployment that is open, after it has been undone."""
    deployment = place.journal.unfinished()
    what = undo(place, deployment, sentence(reason)) if deployment else standing(place)
    return Failure(f"{sentence(reason)}: {what}")


def turn_back(place: Place, deployment: Deployment) -> str:
    """Make the release live that was before; nothing is, if there was none."""
    switch = deployment.first("switching")
    previous = switch.previous if switch else None
    runtime = runtimes.of(place.manifest(deployment.digest).runtime)
    if previous:
        place.point(CURRENT, previous)
    else:
        place.unpoint(CURRENT)
    try:
        runtime.reload(place.server)
        if previous:
            processes.start(place, previous)
    except (Failure, OSError) as reason:
        return f"{standing(place)}, but {reason}"
    return f"returned to {previous[:SHORT]}" if previous else "nothing is live, as before"


def standing(place: Place) -> str:
    return f"{place.live[:SHORT]} stays live" if place.live else "nothing is live"
