"""A pull request from a forge, and one change of a package."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

MOST_CHARACTERS = {
    "title": 10_000,
    "message": 1024**2,
    "author": 1000,
    "branch": 1000,
    "diff": 16 * 1024**2,
}
MOST_LABELS = 1000


class Refused(ValueError):
    """A pull request that cannot be read, because of `field`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a forge says of a pull request.

    `author` is the account that opened it, as the forge names it, and not the author of a commit:
    anybody can write any name there.
    """

    title: str = ""
    message: str = ""
    author: str = ""
    branch: str = ""
    diff: str = ""
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, most in MOST_CHARACTERS.items():
            if (held := len(getattr(self, name))) > most:
                raise Refused(name, f"has {held:,} characters; at most {most:,} are read")
        if len(self.labels) > MOST_LABELS:
            raise Refused("labels", f"are {len(self.labels):,}; at most {MOST_LABELS:,} are read")

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """Read a JSON object; missing fields are empty, unknown ones ignored. Raise Refused."""
        if not isinstance(document, Mapping):
            raise Refused("", "is no JSON object")
        if not {one.name for one in fields(cls)} & document.keys():
            raise Refused("", "has none of title, message, author, branch, diff and labels")
        texts = {name: _text(document, name) for name in MOST_CHARACTERS}
        return cls(**texts, labels=_labels(document))

    @property
    def subject(self) -> str:
        """Return the title, else the first line of the message."""
        return self.title or self.message.strip().partition("\n")[0]


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(name, "must be a string")
    return value


def _labels(document: Mapping[str, Any]) -> tuple[str, ...]:
    value = document.get("labels")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refused("labels", "must be a list of strings")
    return tuple(value)


class Change(NamedTuple):
    """A package that a file of the diff moves from one version to another.

    `old` is None if the package is added, `new` if it is removed. `direct` is None if the diff does
    not show whether the project asks for the package itself.
    """

    package: str
    ecosystem: str
    old: str | None
    new: str | None
    direct: bool | None
    file: str

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        names = ("package", "ecosystem", "from", "to", "direct", "file")
        return cls(*(document[name] for name in names))

    def as_json(self) -> dict[str, Any]:
        return {
            "package": self.package,
            "ecosystem": self.ecosystem,
            "from": self.old,
            "to": self.new,
            "direct": self.direct,
            "file": self.file,
        }
