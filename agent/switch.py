"""switch: make a release live, prove it from outside, or return to the one before.

Rolling back is the same to an earlier release that is still here: no migration and no restoration.

Where several servers switch together, each proves the release and stays undecided until it hears of
the others: then `keep` ends the deployment, or `abandon --switched DIGEST` undoes it.
"""

import time

from agent import processes
from agent.component_directory import CURRENT, NEXT, ComponentDirectory
from agent.failure import Failure, sentence
from agent.journal import Deployment
from agent.recovery import confirm, settle, standing, switched, undone
from model.release import SHORT, Digest


def switch(directory: ComponentDirectory, digest: Digest, *, together: bool = False) -> str:
    """The outcome in a sentence; raises Failure naming the check, with the old release live."""
    began = time.monotonic()
    directory.manifest(digest)
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest != digest:
        print(settle(directory), flush=True)
        deployment = None
    if directory.live == digest and not (deployment and deployment.first("switching")):
        return stay(directory, digest)
    permit(directory, digest, deployment)
    try:
        previous = turn(directory, digest, deployment, together=together)
        confirm(directory, digest)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    took = f"in {time.monotonic() - began:.1f} s, digest {digest[:SHORT]}"
    if together:
        return f"answers {took}"
    return f"live {took}{end(directory, digest, previous)}"


def keep(directory: ComponentDirectory, digest: Digest) -> str:
    """Decide for what was switched to together with other servers; the outcome in a sentence."""
    deployment = directory.journal.unfinished()
    begun = deployment.first("switching") if deployment else None
    if directory.live != digest:
        raise Failure(f"{digest[:SHORT]} is not live here: {standing(directory)}")
    if not begun:
        return f"already live, digest {digest[:SHORT]}"
    return f"live, digest {digest[:SHORT]}{end(directory, digest, begun.previous)}"


def end(directory: ComponentDirectory, digest: Digest, previous: Digest | None) -> str:
    """Write down that it is live, and tidy up; what to say beside that."""
    directory.journal.append("live", digest)
    return tidy(directory, digest, previous)


def tidy(directory: ComponentDirectory, digest: Digest, previous: Digest | None) -> str:
    """Remove what is not needed any more; what to say when that fails, since the switch did not."""
    try:
        directory.unpoint(NEXT)
        processes.end_others(directory, digest)
        directory.prune(directory.context().keep, digest, previous)
    except (Failure, OSError) as reason:
        return f", but what was before could not be removed: {sentence(reason)}"
    return ""


def permit(directory: ComponentDirectory, digest: Digest, deployment: Deployment | None) -> None:
    """Raises Failure for a release that nobody has seen working here."""
    seen = deployment and (deployment.first("checked") or deployment.first("switching"))
    if not seen and not directory.journal.last(digest, "live"):
        raise Failure(f"{digest[:SHORT]} was never live and has not been checked: check it first")


def turn(
    directory: ComponentDirectory, digest: Digest, deployment: Deployment | None, *, together: bool
) -> Digest | None:
    """Move `current`, unless a killed switch has done so already; what was live before.

    The journal knows first, so that whoever comes after a kill ends the processes started here.
    """
    begun = deployment.first("switching") if deployment else None
    if begun and deployment and switched(directory, deployment):
        return begun.previous
    previous = directory.live
    directory.journal.append("switching", digest, previous=previous, together=together)
    processes.start(directory, digest)
    directory.point(CURRENT, digest)
    return previous


def stay(directory: ComponentDirectory, digest: Digest) -> str:
    """Prove a release that is live already; a failure changes nothing, for nothing was changed."""
    try:
        processes.start(directory, digest)
        confirm(directory, digest)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    directory.journal.append("proved", digest)
    directory.unpoint(NEXT)
    return f"already live, digest {digest[:SHORT]}"
