"""The validation warnings that a pull request gives an APV, beside those of pipelines."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forges.choices import CheckState

MOST_WARNINGS, MOST_OF_CHECKS, LONGEST = 200, 100, 2000


def forge_warnings(reading: Sequence[str], checks: Sequence[Any]) -> list[str]:
    """Return the warnings that a pull request gives: those of reading it, and of its checks."""
    return [*reading, *bounded(list(_of_checks(checks)), MOST_OF_CHECKS)]


def before_others(own: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return a pull request's own warnings, and after them others, as many as an APV has."""
    return list(dict.fromkeys([*own, *others]))[:MOST_WARNINGS]


def bounded(warnings: Sequence[str], most: int) -> list[str]:
    """Return each warning once, up to `most`, and how many more there are."""
    kept = [_shortened(one) for one in dict.fromkeys(warnings)]
    if len(kept) <= most:
        return kept
    return [*kept[: most - 1], f"There are {len(kept) - most + 1:,} more warnings of this kind."]


def _of_checks(checks: Sequence[Any]) -> Iterator[str]:
    for one in checks:
        if one["state"] == CheckState.FAILURE:
            summary = f": {one['summary']}" if one["summary"] else "."
            yield f"The check “{one['name']}” failed{summary}"
    for one in checks:
        if one["state"] == CheckState.PENDING:
            yield f"The check “{one['name']}” has not finished."


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
