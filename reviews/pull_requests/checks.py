"""The checks of a pull request's head commit, as evidence of an APV."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from forges.choices import CheckState
from forges.models import PullRequest
from reviews import links

MOST_CHECKS, MOST_WARNINGS, WARNING_LENGTH = 200, 100, 2000


def of_checks(pull_request: PullRequest) -> dict[str, Any]:
    """Return the fields of an APV that tell the checks.

    Validation passed if at least one check succeeded, none failed, and none is still running.
    """
    checks = list(_bounded(pull_request.checks[:MOST_CHECKS]))
    states = {one["state"] for one in checks}
    unfit = {CheckState.FAILURE, CheckState.PENDING} & states
    return {"checks": checks, "validation_passed": CheckState.SUCCESS in states and not unfit}


def _bounded(checks: Sequence[Any]) -> Iterator[dict[str, str]]:
    """Yield checks with bounded texts, and with addresses that may be links."""
    for one in checks:
        state = one.get("state")
        yield {
            "name": str(one.get("name") or "")[:300],
            "state": state if state in CheckState.values else CheckState.PENDING.value,
            "url": _link_or_nothing(str(one.get("url") or "")),
            "summary": str(one.get("summary") or "")[:1000],
        }


def _link_or_nothing(address: str) -> str:
    try:
        return links.read(address).address if address and len(address) <= 2000 else ""
    except ValidationError:
        return ""


def warnings_of_the_forge(reading: Sequence[str], checks: Sequence[Any]) -> list[str]:
    """Return the warnings that a pull request gives: those of reading it, and of its checks."""
    return [*reading, *few(list(_of_checks(checks)), MOST_WARNINGS)]


def _of_checks(checks: Sequence[Any]) -> Iterator[str]:
    for one in checks:
        if one["state"] == CheckState.FAILURE:
            summary = f": {one['summary']}" if one["summary"] else "."
            yield f"The check “{one['name']}” failed{summary}"
    for one in checks:
        if one["state"] == CheckState.PENDING:
            yield f"The check “{one['name']}” has not finished."


def few(warnings: Sequence[str], most: int) -> list[str]:
    """Return each warning once, up to `most`, and how many more there are."""
    kept = [_shortened(one) for one in dict.fromkeys(warnings)]
    if len(kept) <= most:
        return kept
    return [*kept[: most - 1], f"There are {len(kept) - most + 1:,} more warnings of this kind."]


def _shortened(text: str) -> str:
    return text if len(text) <= WARNING_LENGTH else f"{text[: WARNING_LENGTH - 1]}…"
