"""How long the texts and lists of an APV may be."""

from reviews.models import APV

MOST_CHANGES, LONGEST_PATH = 1000, 1000


def longest(field: str) -> int:
    """Return how many characters the APV's `field` takes."""
    most: int = APV._meta.get_field(field).max_length  # type: ignore[union-attr, assignment]
    return most


def shortened(text: str, field: str) -> str:
    """Return `text`, cut with an ellipsis to the length of the APV's `field`."""
    most = longest(field)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
