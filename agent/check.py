"""check: ask a release for its pages before any visitor meets it."""

from agent import processes
from agent.component_directory import NEXT, Place
from agent.failure import Failure
from agent.proof import prove
from agent.recovery import undone
from model.release import SHORT, Digest


def check(place: Place, digest: Digest) -> str:
    """The outcome in a sentence; raises Failure naming the check, with the deployment undone.

    Warms the release too, so that visitors do not wait for its first page.
    """
    manifest = place.manifest(digest)
    deployment = place.journal.unfinished()
    if not deployment or deployment.digest != digest:
        raise Failure(f"{digest[:SHORT]} is not being deployed: prepare it first")
    try:
        processes.start(place, digest, telling=True)
        place.point(NEXT, digest)
        prove(place, digest, NEXT)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    place.journal.append("checked", digest)
    return f"{len(manifest.checks)} checks hold before the switch"
