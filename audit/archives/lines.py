"""The lines of an archive: a signed header, and the entries exactly as their MACs cover them.

The header has the last entry's MAC. As each MAC covers the one before, the header's signature
covers every line.
"""

from typing import Self

from django.conf import settings
from django.utils.crypto import salted_hmac
from pydantic import BaseModel, ConfigDict

from audit import chain
from audit.chain import ChainHead
from audit.models import Entry
from realtime.messages import Timestamp

FORMAT = "hitl-console-audit-1"


class Line(BaseModel):
    """One line, which has one way to be written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, cache_strings="keys")

    def encoded(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Self:
        """Return what `line` says. Raise ValueError unless it is written as we write it."""
        decoded = cls.model_validate_json(line)
        try:
            same = decoded.encoded() == line
        except OverflowError as error:  # a time near the year 1 or 9999, in another zone
            raise ValueError(line) from error
        if not same:
            raise ValueError(line)
        return decoded


class Header(Line):
    """The first line: which entries follow, between which MACs, and under which keys."""

    format: str = FORMAT
    first: int
    last: int
    count: int
    first_at: Timestamp
    last_at: Timestamp
    previous: str
    mac: str
    keys: list[str]
    key: str = ""
    signature: str = ""

    @property
    def before(self) -> ChainHead:
        """The last entry before the file."""
        return ChainHead(self.first - 1, self.previous)

    @property
    def end(self) -> ChainHead:
        """The last entry in the file."""
        return ChainHead(self.last, self.mac)

    def signed(self) -> Self:
        """Return this header with a signature under the key that signs now."""
        key = settings.HITL_AUDIT_KEYS[0]
        named = self.model_copy(update={"key": chain.key_id(key)})
        return named.model_copy(update={"signature": named.signature_by(key)})

    def signature_by(self, key: str) -> str:
        text = self.model_dump_json(exclude={"signature"})
        return salted_hmac("audit.archive", text, secret=key, algorithm="sha256").hexdigest()


class EntryLine(Line):
    """An entry: the fields of `Entry`, in their order."""

    sequence: int
    at: Timestamp
    user_id: int | None
    actor: str
    source: str
    action: str
    object: str
    details: str
    address: str
    request_id: str
    key: str
    previous: str
    mac: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})

    def entry(self) -> Entry:
        return Entry(**dict(self))
