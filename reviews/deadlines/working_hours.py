"""Working hours: a weekly timetable in a time zone, without holidays, and how time passes in it.

What counts is the time that really passes: where clocks are put forward in the night, a night shift
is an hour shorter.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
WHOLE_DAY = 24 * 60
LONGEST_WAIT = timedelta(days=1000)
"""How late a deadline may be: a timetable of an hour a week makes centuries of some weeks."""
MOST_HOLIDAYS = 1000
SPAN = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")

Span = tuple[int, int]
"""From a minute of a day to another one, which is not included."""
Window = tuple[datetime, datetime]


class NotReadable(ValueError):
    """A text is no timetable, no list of holidays, or no time zone; the arguments say why."""


class TooLate(ValueError):
    """So many working hours do not pass within LONGEST_WAIT."""


@dataclass(frozen=True)
class WorkingHours:
    """When somebody works: spans of minutes for each day of the week, in order and apart."""

    week: Sequence[Sequence[Span]]
    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    _known: dict[date, list[Window]] = field(default_factory=dict, compare=False, repr=False)

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """Return when so much working time has passed since `start`, in UTC. Raise TooLate."""
        left = duration
        for begin, end in self.windows(start):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise TooLate

    def windows(self, start: datetime) -> Iterator[Window]:
        """Yield the working time from `start` on, up to LONGEST_WAIT later."""
        moment = start.astimezone(UTC)
        first = moment.astimezone(self.zone).date()
        for number in range(LONGEST_WAIT.days + 1):
            for begin, end in self._of_day(first + number * DAY):
                if end > moment:
                    yield max(begin, moment), end

    def _of_day(self, day: date) -> list[Window]:
        if day not in self._known:
            spans = () if day in self.holidays else self.week[day.weekday()]
            found = [(self._moment(day, one), self._moment(day, end)) for one, end in spans]
            # A span that the clocks skip has no time in it.
            self._known[day] = [(begin, end) for begin, end in found if end > begin]
        return self._known[day]

    def _moment(self, day: date, minute: int) -> datetime:
        """Return when the clocks show a minute of a day, or a later one, for the first time."""
        if minute == WHOLE_DAY:
            day, minute = day + DAY, 0
        local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
        moment = local.astimezone(UTC)
        is_skipped = moment.astimezone(self.zone).replace(tzinfo=None) != local.replace(tzinfo=None)
        return self._skip(local.replace(fold=1).astimezone(UTC), moment) if is_skipped else moment

    def _skip(self, before: datetime, after: datetime) -> datetime:
        """Return when the clocks are put forward, between two moments, to the second."""
        then = before.astimezone(self.zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
            if middle.astimezone(self.zone).utcoffset() == then:
                before = middle
            else:
                after = middle
        return after


# -- Texts ----------------------------------------------------------------------------------------


def read_week(text: str) -> list[list[Span]]:
    """Return the spans of each day in a timetable with a line for each day or range of days.

    A line is `mon-fri 09:00-12:30, 13:30-18:00`. Raise NotReadable.
    """
    week: list[list[Span]] = [[] for _day in DAYS]
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            days, spans = _read_line(line.strip().lower(), number)
            for day in days:
                if week[day]:
                    message = _("{day} has a line already.")
                    raise NotReadable(_said(number, message.format(day=DAYS[day])))
                week[day] = spans
    if not any(week):
        raise NotReadable(_("No hour of the week is a working hour."))
    return week


def _said(number: int, text: str) -> str:
    return _("Line {number}:").format(number=number) + f" {text}"


def _read_line(line: str, number: int) -> tuple[range, list[Span]]:
    named, _space, rest = line.partition(" ")
    first, _dash, last = named.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        message = _("Begin with a day or a range of days, of {days}.")
        raise NotReadable(_said(number, message.format(days=", ".join(DAYS))))
    begin, end = DAYS.index(first), DAYS.index(last or first)
    if end < begin:
        raise NotReadable(_said(number, _("Name the earlier day of the week first.")))
    return range(begin, end + 1), _read_spans(rest, number)


def _read_spans(text: str, number: int) -> list[Span]:
    spans: list[Span] = []
    for part in text.split(","):
        found = SPAN.fullmatch(part.strip())
        if found is None:
            raise NotReadable(_said(number, _("Write hours like 09:00-17:00, between commas.")))
        hour, minute, to_hour, to_minute = map(int, found.groups())
        span = (hour * 60 + minute, to_hour * 60 + to_minute)
        if not span[0] < span[1] <= WHOLE_DAY:
            message = _("Hours end after they begin, at 24:00 at the latest.")
            raise NotReadable(_said(number, message))
        if spans and span[0] < spans[-1][1]:
            raise NotReadable(_said(number, _("Hours are in order, and do not overlap.")))
        spans.append(span)
    return spans


def write_week(week: Sequence[Sequence[Span]]) -> str:
    """Return the one spelling of a timetable: a line for each day with working hours."""
    lines = [
        f"{DAYS[day]} {', '.join(f'{_clock(one)}-{_clock(end)}' for one, end in spans)}"
        for day, spans in enumerate(week)
        if spans
    ]
    return "\n".join(lines)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def read_holidays(text: str) -> frozenset[date]:
    """Return the days in a text with a day in each line, and maybe its name. Raise NotReadable."""
    found = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        day = line.split()[0]
        try:
            if len(day) != len("2026-12-25"):
                raise ValueError
            found.add(date.fromisoformat(day))
        except ValueError:
            message = _said(number, _("Begin with a day like 2026-12-25."))
            raise NotReadable(message) from None
    if len(found) > MOST_HOLIDAYS:
        raise NotReadable(_("Name at most {most} days.").format(most=MOST_HOLIDAYS))
    return frozenset(found)


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database. Raise NotReadable."""
    if name not in available_timezones():
        raise NotReadable(_("There is no such time zone. Write one like Europe/Lisbon or UTC."))
    return ZoneInfo(name)
