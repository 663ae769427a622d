"""The one exception that people see: a sentence naming what was wrong, and what was undone."""


class Failure(Exception):
    """Something that stops a deployment and that somebody can correct."""


def sentence(error: Exception) -> str:
    """A failure in one sentence; an error of the system's names its file."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)
