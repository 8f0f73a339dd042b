"""The answer of a forge: what it holds, and what it says of a failure."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from forges.clients.fields import Fields, objects
from forges.errors import Unavailable
from forges.texts import printable

LONGEST_WORDS = 300
WORDS = ("message", "error_description", "error", "errors")
"""Where forges say in JSON what failed."""


@dataclass(frozen=True)
class Answer:
    """A forge's answer to `request`, a method and a path. Its body is read."""

    request: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def unchanged(self) -> bool:
        return self.status == 304

    @property
    def etag(self) -> str:
        """What to send to be told that nothing changed, "" if there is nothing that can be sent."""
        told: str = self.headers.get("etag", "")
        return told if re.fullmatch("[!-~]{1,500}", told) else ""

    def fields(self, where: str) -> Fields:
        """Return the JSON object that the body is. Raise Unavailable."""
        return Fields(self._json(), where)

    def objects(self, where: str) -> list[Fields]:
        """Return the JSON objects in the list that the body is. Raise Unavailable."""
        return objects(self._json(), where)

    def diff(self) -> str:
        """Return the body as a unified diff of git. Raise Unavailable."""
        if self.body and not self.body.startswith(b"diff --git "):
            raise Unavailable(f"answered {self.request} with {self._kind()} instead of a diff")
        return self.body.decode("utf-8", "replace").replace("\0", "\ufffd")

    def said(self) -> str:
        """Return the forge's own words for a failure, "" if there are none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        found = [value.get(name) for name in WORDS] if isinstance(value, dict) else []
        said = "; ".join(one if isinstance(one, str) else json.dumps(one) for one in found if one)
        return printable(said)[:LONGEST_WORDS]

    def speaks_of_a_limit(self) -> bool:
        """Return whether a 403 is GitHub's secondary limit, which may come without any header."""
        return self.status == 403 and "rate limit" in self.said().lower()

    def _json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self._kind()
            what = "broken JSON" if kind.endswith("json") else f"{kind} instead of JSON"
            raise Unavailable(f"answered {self.request} with {what}") from None

    def _kind(self) -> str:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind[:100] if self.body and kind else "nothing"
