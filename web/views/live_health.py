"""What is known now of the health of what is live."""

from datetime import datetime, timedelta

from releases.history import History
from web.views.board_model import Health

MISSED_ROUNDS = 3
SLOWEST_ROUND = timedelta(minutes=1)
"""An answer is old news after three rounds of checks and this time, in which others may be slow."""


def health_of_live(
    health: Health | None, history: History, now: datetime, seconds: float
) -> Health | None:
    """The health of the live release, which is checked every some seconds.

    An answer from before its deployment is not about it, and one that no check has confirmed since
    is not what is known now. None: it was not asked yet.
    """
    live = history.live
    if health is None or live is None:
        return None
    when = health.when if health.when and health.when >= live.finished else None
    if health.healthy is None:
        return health.model_copy(update={"when": when})
    if when and now - when > MISSED_ROUNDS * timedelta(seconds=seconds) + SLOWEST_ROUND:
        return Health(healthy=None, message="no check has ended since", when=when)
    return health if when else None
