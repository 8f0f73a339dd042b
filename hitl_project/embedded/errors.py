"""The error of the embedded servers."""


class EmbeddedServerError(Exception):
    """An embedded server could not be started; the message says which and why."""
