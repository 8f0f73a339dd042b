"""What a rule says: which APVs it is about, and until when one of them is to be decided on."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from reviews.deadlines import working_hours
from reviews.deadlines.working_hours import WorkingHours
from reviews.models import Counting, DeadlineRule

STEADY = (
    *("search", "severity", "patch_strategy", "wargame_verdict", "package_ecosystem"),
    *("pull_request", "package_name", "cve_id", "repository", "author", "branch", "label", "path"),
    *("step", "dependency", "epss", "kev", "package_version", "fixed_version"),
)
"""The parameters of filters that rules may have: what they look at changes with the APV alone.

Who has claimed an APV, or how long it waits, changes without it.
"""


class Times(NamedTuple):
    """Until when an APV is to be decided on, and from when on somebody is warned, if at all."""

    due_at: datetime
    warn_at: datetime | None


def times(rule: DeadlineRule, began_at: datetime) -> Times:
    """Return the times of an APV that waits since `began_at`, in UTC."""
    since = max(began_at, rule.active_from or began_at)
    warned_after = rule.hours - rule.warn_hours
    warn_at = _later(rule, since, warned_after) if rule.warn_hours else None
    return Times(_later(rule, since, rule.hours), warn_at)


def _later(rule: DeadlineRule, since: datetime, hours: int) -> datetime:
    duration = timedelta(hours=hours)
    if rule.counting == Counting.CLOCK:
        return since + duration
    try:
        return hours_of(rule.timetable, rule.time_zone, rule.holidays).after(since, duration)
    except working_hours.TooLate:  # was refused when it was stored: many holidays came since
        return since + working_hours.LONGEST_WAIT


@lru_cache(maxsize=100)
def hours_of(timetable: str, zone: str, holidays: str) -> WorkingHours:
    """Return the working hours in three texts. Raise NotReadable."""
    return WorkingHours(
        working_hours.read_week(timetable),
        working_hours.read_zone(zone),
        working_hours.read_holidays(holidays),
    )
