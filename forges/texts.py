"""Text from forges, made fit for the database."""

import re

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL's text holds no NUL, UTF-8 no half of a pair."""


def storable(text: str) -> str:
    """Return `text` with U+FFFD for what PostgreSQL cannot store."""
    return UNSTORABLE.sub("\ufffd", text)
