"""abandon: undo a deployment that has not ended."""

from hosts.place import Place
from hosts.recovery import settle, undo
from model.release import SHORT


def abandon(place: Place, *, switched: bool = False) -> str:
    """The outcome in a sentence; without anything unfinished it does nothing.

    A switch that has been made is undone only when asked for, because another server failed.
    """
    place.create()
    deployment = place.journal.unfinished()
    if switched and deployment:
        return f"{deployment.digest[:SHORT]}: {undo(place, deployment, 'another server failed')}"
    return settle(place) or "nothing was unfinished"
