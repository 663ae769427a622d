"""Why a server cannot be provided: a sentence that names the file and the server."""


class ServerError(Exception):
    """Something that somebody has to correct; the text is for people."""
