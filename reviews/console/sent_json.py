"""JSON that a page sends back, parts of which are shown again."""

import json
from typing import Any


def read(text: str) -> Any:
    """Parse JSON; raise ValueError or RecursionError if it is invalid or cannot be shown.

    An escape can stand for a lone surrogate, which no response can encode.
    """
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()
    return value
