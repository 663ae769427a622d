"""The error of provisioning: a sentence that names the file and the server."""


class ServerError(Exception):
    """A server cannot be provided until somebody corrects the cause, which the text names."""
