"""What can go wrong with a forge."""

from datetime import datetime


class ForgeError(Exception):
    """A forge did not do what it was asked; `words` say why, in its own words if it has any."""

    code = "forge_error"

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NotFound(ForgeError):
    """It is not there, or the credentials may not see it: forges answer the same for both."""

    code = "not_found"


class NotAllowed(ForgeError):
    """The forge does not accept the credentials, or they do not suffice."""

    code = "not_allowed"


class HeadMoved(ForgeError):
    """The head commit is another one than was expected."""

    code = "head_moved"


class NotMergeable(ForgeError):
    """The forge does not merge it now: checks run, a conflict, a rule, or it does not know yet."""

    code = "not_mergeable"


class Refused(ForgeError):
    """The forge said no, and will not say anything else to the same request."""

    code = "refused"


class Limited(ForgeError):
    """The forge wants no more requests until a time."""

    code = "limited"

    def __init__(self, words: str, until: datetime) -> None:
        super().__init__(words)
        self.until = until


class Unavailable(ForgeError):
    """No answer, a server's error, or an answer that makes no sense: it may do better later."""

    code = "unavailable"


REFUSALS = (NotAllowed, NotFound, Refused)
"""A no that the forge gives again, however often it is asked; it may be about what it hides."""
