"""abandon: undo a deployment that has not ended."""

from hosts.place import Place
from hosts.recovery import settle


def abandon(place: Place) -> str:
    """The outcome in a sentence; without anything unfinished it does nothing."""
    place.create()
    return settle(place) or "nothing was unfinished"
