"""check: ask a release for its pages before any visitor meets it."""

from agent import processes
from agent.component_directory import NEXT, ComponentDirectory
from agent.failure import Failure
from agent.proof import prove
from agent.recovery import undone
from model.release import SHORT, Digest


def check(directory: ComponentDirectory, digest: Digest) -> str:
    """The outcome in a sentence; raises Failure naming the check, with the deployment undone.

    Warms the release too, so that visitors do not wait for its first page.
    """
    manifest = directory.manifest(digest)
    deployment = directory.journal.unfinished()
    if not deployment or deployment.digest != digest:
        raise Failure(f"{digest[:SHORT]} is not being deployed: prepare it first")
    try:
        processes.start(directory, digest, show_log=True)
        directory.point(NEXT, digest)
        prove(directory, digest, NEXT)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    directory.journal.append("checked", digest)
    return f"{len(manifest.checks)} checks hold before the switch"
