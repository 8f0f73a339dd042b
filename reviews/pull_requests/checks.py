"""The checks of a pull request's head commit, as evidence of an APV."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from forges.choices import CheckState
from forges.models import PullRequest
from reviews import links

MOST_CHECKS = 200


def check_fields(pull_request: PullRequest) -> dict[str, Any]:
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
