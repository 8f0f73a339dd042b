"""What can go wrong, as exceptions.

HITLError
├── Misconfigured         the address, the token or an argument cannot be used
├── Unreachable           no answer came, however often it was tried
├── UnexpectedAnswer      what answered is not the console, or of another version
├── PositionsUnreadable   the file of positions is damaged, or cannot be written
├── SignedOut             the server closed the socket: it no longer accepts the token
├── Forbidden             no channel is left that the user may read
├── RequestRefused        the server refused a message of the socket
└── Problem               the server refused a call, and says why
    ├── InvalidInput          400, 413, 415: `errors` has the reasons by field
    ├── Unauthorized          401: no token, or one that is not valid
    ├── NotAllowed            403: the user may not do this
    ├── NotFound              404: there is no such thing
    ├── Conflict              409: the world changed meanwhile
    │   ├── AlreadyDecided        `decision` is the one that counts
    │   └── VersionChanged        `version` is the current one; also 412
    ├── KeyUsed               422: the idempotency key came before, with another body
    ├── TooManyRequests       429: `retry_after` says when to try again
    └── Unavailable           5xx: the server cannot answer now
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from hitl_client.records import Decision

FieldErrors = dict[str, list[str]]


class HITLError(Exception):
    """The root of this tree. Its text is one line, for people."""


class Misconfigured(HITLError):
    """The address, the token or an argument cannot be used."""


class Unreachable(HITLError):
    """No answer came, however often it was tried."""


class UnexpectedAnswer(HITLError):
    """What answered is not the console, or one of another version."""


class PositionsUnreadable(HITLError):
    """The file of positions is damaged, or cannot be written."""


class SignedOut(HITLError):
    """The server closed the socket and will not open another one for this token."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason

    def __str__(self) -> str:
        return f"The server no longer accepts this token: {self.reason} ({self.code})."


class Forbidden(HITLError):
    """The user may read none of the channels."""

    def __init__(self, channels: list[str]) -> None:
        super().__init__(channels)
        self.channels = channels

    def __str__(self) -> str:
        return f"The user may not read these channels: {', '.join(self.channels)}."


class RequestRefused(HITLError):
    """The server refused a message of the socket: `code` is its `error_code`."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message, details)
        self.code, self.message, self.details = code, message, details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Problem(HITLError):
    """A problem document (RFC 9457): why the server refused a call.

    `members` has all of it. `retry_after` is in seconds, None if the server does not say.
    """

    def __init__(
        self, status: int, members: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        super().__init__(status, members, retry_after)
        self.status, self.members, self.retry_after = status, members, retry_after

    @property
    def type(self) -> str:
        return str(self.members.get("type", "about:blank"))

    @property
    def title(self) -> str:
        return str(self.members.get("title") or _phrase(self.status))

    @property
    def detail(self) -> str:
        return str(self.members.get("detail", ""))

    @property
    def errors(self) -> FieldErrors:
        """The reasons by field."""
        found = self.members.get("errors")
        if not isinstance(found, dict):
            return {}
        return {str(field): [str(one) for one in _list(why)] for field, why in found.items()}

    @property
    def version(self) -> int | None:
        """The current version of the APV, if the problem is that it changed."""
        found = self.members.get("version")
        return found if isinstance(found, int) else None

    @property
    def decision(self) -> Decision | None:
        """The decision that was made before, if the problem is that there is one."""
        try:
            return Decision.model_validate(self.members.get("decision"))
        except ValidationError:
            return None

    def __str__(self) -> str:
        fields = (f"{field}: {' '.join(why)}" for field, why in self.errors.items())
        why = " ".join(filter(None, [self.detail, "; ".join(fields)]))
        return f"{self.title} ({self.status}){': ' if why else ''}{why}"


class InvalidInput(Problem):
    """What was sent is not as it must be; `errors` has the reasons by field."""


class Unauthorized(Problem):
    """There is no token, or it is not valid, or no longer."""


class NotAllowed(Problem):
    """The user may not do this."""


class NotFound(Problem):
    """There is no such thing."""


class Conflict(Problem):
    """The call was right when it was prepared, and no longer is."""


class AlreadyDecided(Conflict):
    """Somebody decided first."""


class VersionChanged(Conflict):
    """The APV is no longer at the version that the call names."""


class KeyUsed(Problem):
    """The idempotency key came before, with another body."""


class TooManyRequests(Problem):
    """The server asks to wait for `retry_after` seconds."""


class Unavailable(Problem):
    """The server cannot answer now."""


KINDS: dict[int, type[Problem]] = {
    400: InvalidInput,
    401: Unauthorized,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: VersionChanged,
    413: InvalidInput,
    415: InvalidInput,
    422: KeyUsed,
    429: TooManyRequests,
}


def problem(status: int, members: Mapping[str, Any], retry_after: float | None) -> Problem:
    """Return the exception for a problem document."""
    kind = KINDS.get(status, Unavailable if status >= 500 else Problem)
    if kind is Conflict and "decision" in members:
        kind = AlreadyDecided
    elif kind is Conflict and "version" in members:
        kind = VersionChanged
    return kind(status, members, retry_after)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
