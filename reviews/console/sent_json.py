"""JSON that a page sends back, of which something is shown again."""

import json
from typing import Any


def read(text: str) -> Any:
    """Read JSON; raise ValueError or RecursionError where it is none, or cannot be shown.

    An escape can stand for half a character, which no answer can be encoded with.
    """
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value
