"""abandon: undo a deployment that has not ended."""

from agent.component_directory import Place
from agent.recovery import settle, undo
from model.release import SHORT, Digest


def abandon(place: Place, switched: Digest | None = None) -> str:
    """The outcome in a sentence; without anything unfinished it does nothing.

    A switch that has been made is undone only if it is to the release that is named, because
    another server failed.
    """
    place.create()
    deployment = place.journal.unfinished()
    if deployment and deployment.digest == switched:
        return f"{switched[:SHORT]}: {undo(place, deployment, 'another server failed')}"
    return settle(place) or "nothing was unfinished"
