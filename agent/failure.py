"""The one exception that people see: a sentence naming what was wrong, and what was undone."""


class Failure(Exception):
    """Something that stops a deployment and that somebody can correct."""


def sentence(reason: Exception) -> str:
    """A failure in one sentence; an error of the system's names its file."""
    if isinstance(reason, OSError) and reason.strerror:
        where = f"{reason.filename}: " if reason.filename else ""
        return f"{where}{reason.strerror}"
    return str(reason)
