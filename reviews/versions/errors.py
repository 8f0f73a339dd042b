"""What goes wrong with a version."""


class NotAVersion(ValueError):
    """A text that the tools of its ecosystem would not take for a version."""
