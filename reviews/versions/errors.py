"""The error of versions."""


class NotAVersion(ValueError):
    """A text that the tools of its ecosystem would refuse as a version."""
