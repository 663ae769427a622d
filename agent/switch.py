"""switch: make a release live, prove it from outside, or return to the one before.

Rolling back is the same to an earlier release that is still here: no migration and no restoration.

Where several servers switch together, each proves the release and stays undecided until it hears of
the others: then `keep` ends the deployment, or `abandon --switched DIGEST` undoes it.
"""

import time

from agent import processes
from agent.component_directory import CURRENT, NEXT, Place
from agent.failure import Failure, sentence
from agent.journal import Deployment
from agent.recovery import confirm, settle, standing, switched, undone
from model.release import SHORT, Digest


def switch(place: Place, digest: Digest, *, together: bool = False) -> str:
    """The outcome in a sentence; raises Failure naming the check, with the old release live."""
    began = time.monotonic()
    place.manifest(digest)
    deployment = place.journal.unfinished()
    if deployment and deployment.digest != digest:
        print(settle(place), flush=True)
        deployment = None
    if place.live == digest and not (deployment and deployment.first("switching")):
        return stay(place, digest)
    permit(place, digest, deployment)
    try:
        previous = turn(place, digest, deployment, together=together)
        confirm(place, digest)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    took = f"in {time.monotonic() - began:.1f} s, digest {digest[:SHORT]}"
    if together:
        return f"answers {took}"
    return f"live {took}{end(place, digest, previous)}"


def keep(place: Place, digest: Digest) -> str:
    """Decide for what was switched to together with other servers; the outcome in a sentence."""
    deployment = place.journal.unfinished()
    begun = deployment.first("switching") if deployment else None
    if place.live != digest:
        raise Failure(f"{digest[:SHORT]} is not live here: {standing(place)}")
    if not begun:
        return f"already live, digest {digest[:SHORT]}"
    return f"live, digest {digest[:SHORT]}{end(place, digest, begun.previous)}"


def end(place: Place, digest: Digest, previous: Digest | None) -> str:
    """Write down that it is live, and tidy up; what to say beside that."""
    place.journal.append("live", digest)
    return tidy(place, digest, previous)


def tidy(place: Place, digest: Digest, previous: Digest | None) -> str:
    """Remove what is not needed any more; what to say when that fails, since the switch did not."""
    try:
        place.unpoint(NEXT)
        processes.only(place, digest)
        place.prune(place.order().keep, digest, previous)
    except (Failure, OSError) as reason:
        return f", but what was before could not be removed: {sentence(reason)}"
    return ""


def permit(place: Place, digest: Digest, deployment: Deployment | None) -> None:
    """Raises Failure for a release that nobody has seen working here."""
    seen = deployment and (deployment.first("checked") or deployment.first("switching"))
    if not seen and not place.journal.last(digest, "live"):
        raise Failure(f"{digest[:SHORT]} was never live and has not been checked: check it first")


def turn(
    place: Place, digest: Digest, deployment: Deployment | None, *, together: bool
) -> Digest | None:
    """Move `current`, unless a killed switch has done so already; what was live before.

    The journal knows first, so that whoever comes after a kill ends the processes started here.
    """
    begun = deployment.first("switching") if deployment else None
    if begun and deployment and switched(place, deployment):
        return begun.previous
    previous = place.live
    place.journal.append("switching", digest, previous=previous, together=together)
    processes.start(place, digest)
    place.point(CURRENT, digest)
    return previous


def stay(place: Place, digest: Digest) -> str:
    """Prove a release that is live already; a failure changes nothing, for nothing was changed."""
    try:
        processes.start(place, digest)
        confirm(place, digest)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    place.journal.append("proved", digest)
    place.unpoint(NEXT)
    return f"already live, digest {digest[:SHORT]}"
