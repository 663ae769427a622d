"""abandon: undo a deployment that has not ended."""

from agent.component_directory import ComponentDirectory
from agent.recovery import settle, undo
from model.release import SHORT, Digest


def abandon(directory: ComponentDirectory, switched: Digest | None = None) -> str:
    """The outcome in a sentence; without anything unfinished it does nothing.

    A switch that has been made is undone only if it is to the release that is named, because
    another server failed.
    """
    directory.create()
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest == switched:
        return f"{switched[:SHORT]}: {undo(directory, deployment, 'another server failed')}"
    return settle(directory) or "nothing was unfinished"
