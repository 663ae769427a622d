"""abandon: end a deployment that a failed or killed build left unfinished."""

from agent.component_directory import ComponentDirectory
from agent.recovery import finish_or_undo, undo
from model.release import SHORT, Digest


def abandon(directory: ComponentDirectory, switched: Digest | None = None) -> str:
    """The result in a sentence; without an unfinished deployment only leftovers are removed.

    `switched` is a release that this server has verified and another server has not: the switch
    to it is undone. Any other unfinished switch is finished when the release passes its checks.
    """
    directory.create()
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest == switched:
        return f"{switched[:SHORT]}: {undo(directory, deployment, 'another server failed')}"
    return finish_or_undo(directory) or "no deployment was unfinished"
