"""The error that a verb ends with; its message is the sentence that people read."""


class AgentError(Exception):
    """A reason to stop a deployment, which names what to correct."""


def error_message(error: Exception) -> str:
    """The error in one sentence; an OSError's names its file."""
    if isinstance(error, OSError) and error.strerror:
        file = f"{error.filename}: " if error.filename else ""
        return f"{file}{error.strerror}"
    if isinstance(error, AgentError | ValueError):
        return str(error)
    return f"{type(error).__name__}: {error}"
