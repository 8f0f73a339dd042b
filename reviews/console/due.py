"""Deadlines as rows and pages of APVs show them; due.js keeps them current with the same words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from realtime import clock
from realtime.messages import wire_time
from reviews.models import APV

HOURS_SHOWN = 48
"""Longer times are shown in days."""


@dataclass(frozen=True)
class Due:
    """Until when an APV is to be decided on, and by which rule."""

    due_at: datetime
    warn_at: datetime | None
    rule: str

    @property
    def at(self) -> str:
        return wire_time(self.due_at)

    @property
    def warn(self) -> str:
        """Return from when on it is soon."""
        return wire_time(self.warn_at or self.due_at)

    @property
    def tone(self) -> str:
        """Return the class of the style sheets."""
        now = clock.now()
        if self.due_at <= now:
            return "overdue"
        return "soon" if self.warn_at and self.warn_at <= now else ""

    @property
    def words(self) -> str:
        left = self.due_at - clock.now()
        text = words_of_due()["dueIn" if left > timedelta() else "overdue"]
        return text.format(time=in_a_unit(abs(left)))


def due_of(apv: APV) -> Due | None:
    """Return the deadline of an APV, None without one."""
    due_at: datetime | None = apv.due_at
    deadline: Any = getattr(apv, "deadline", None) if due_at else None
    if due_at is None or deadline is None:
        return None
    return Due(due_at, deadline.warn_at, deadline.rule.name)


def in_a_unit(span: timedelta) -> str:
    """Return a time in its largest unit."""
    minutes = int(span / timedelta(minutes=1))
    if minutes < 1:
        return "< 1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < HOURS_SHOWN else f"{hours // 24} d"


def words_of_due() -> dict[str, str]:
    """Return the texts about deadlines, also for the page's scripts."""
    return {
        "dueIn": _("due in {time}"),
        "overdue": _("overdue since {time}"),
    }
