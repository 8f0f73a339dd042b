"""What filters see of an APV, as plain JSON that a decision can keep."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from realtime import clock
from reviews.filters.parameters import PARAMETERS

if TYPE_CHECKING:
    from reviews.models import APV

Facts = Mapping[str, Any]
"""The facts of an APV by parameter. One that is missing counts as unknown."""


def facts_of(apv: "APV", now: datetime | None = None, known: Facts | None = None) -> dict[str, Any]:
    """Return the facts of an APV, at `now` or at this moment; those in `known` are not read."""
    moment = now or clock.now()
    found = known or {}
    return {
        name: found[name] if name in found else one.fact(apv, moment)
        for name, one in PARAMETERS.items()
    }
