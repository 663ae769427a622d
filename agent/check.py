"""check: start a release and request its pages, while visitors still reach the live release.

A failed check undoes the deployment (`agent/recovery.py`): the link `next` is removed, the
release's processes are ended, a migrated database is restored from its backup, and the journal gets
the event `abandoned`. The live release is not touched. A check that fails after the switch is
handled in `agent/switch.py`.
"""

from agent import processes
from agent.component_directory import NEXT, ComponentDirectory
from agent.errors import AgentError
from agent.recovery import undo_on_failure
from agent.verification import verify_release
from model.release import SHORT, Digest


def check(directory: ComponentDirectory, digest: Digest) -> str:
    """The result in a sentence; raises AgentError naming the check, after undoing the deployment.

    The requests also fill the release's caches before the first visitor comes.
    """
    manifest = directory.manifest(digest)
    deployment = directory.journal.unfinished()
    if not deployment or deployment.digest != digest:
        raise AgentError(f"{digest[:SHORT]} is not being deployed: prepare it first")
    with undo_on_failure(directory):
        processes.start(directory, digest, show_log=True)
        directory.set_link(NEXT, digest)
        verify_release(directory, digest, NEXT)
    directory.journal.append("checked", digest)
    return f"{len(manifest.checks)} checks passed before the switch"
