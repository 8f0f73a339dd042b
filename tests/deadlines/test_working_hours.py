"""Time in working hours: weekends, holidays, and nights in which the clocks are changed."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reviews.deadlines.working_hours import (
    DAYS,
    NotReadable,
    Span,
    TooLate,
    WorkingHours,
    read_holidays,
    read_week,
    write_week,
)
from tests.support.effort import tries

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe")
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)
"""The days on which clocks are changed in Berlin."""


def office(text: str, zone: str = "Europe/Berlin", holidays: str = "") -> WorkingHours:
    return WorkingHours(read_week(text), ZoneInfo(zone), read_holidays(holidays))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-27 09:00", 4, "2026-11-27 13:00"),
        ("2026-11-27 15:00", 4, "2026-11-30 11:00"),  # over a weekend
        ("2026-11-28 12:00", 1, "2026-11-30 10:00"),  # begins on Saturday
        ("2026-11-27 03:00", 8, "2026-11-27 17:00"),  # ends with the day, not the next morning
        ("2026-12-24 16:00", 2, "2026-12-28 10:00"),  # Friday is a holiday
    ],
)
def test_deadline_is_reached_in_office_hours(start: str, hours: int, end: str) -> None:
    found = office("mon-fri 09:00-17:00", holidays="2026-12-25 Christmas")
    assert found.after(at(start), hours * HOUR) == at(end)


def test_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    night = office("sat 22:00-24:00\nsun 00:00-06:00")
    assert night.after(at("2026-03-28 22:00"), 7 * HOUR) == at("2026-03-29 06:00")
    assert night.after(at("2026-03-21 22:00"), 8 * HOUR) == at("2026-03-22 06:00")


def test_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    night = office("sat 22:00-24:00\nsun 00:00-06:00")
    assert night.after(at("2026-10-24 22:00"), 9 * HOUR) == at("2026-10-25 06:00")


def test_hour_that_the_clocks_skip_has_no_time_and_one_begun_in_it_begins_after() -> None:
    skipped = office("sun 02:00-03:00")
    assert skipped.after(at("2026-03-28 00:00"), HOUR) == at("2026-04-05 03:00")
    begun = office("sun 02:30-04:00")
    assert begun.after(at("2026-03-28 00:00"), HOUR) == at("2026-03-29 04:00")


def test_day_that_a_zone_left_out_has_no_time() -> None:
    samoa = office("mon-sun 00:00-24:00", "Pacific/Apia")
    start = at("2011-12-29 12:00", "Pacific/Apia")
    assert samoa.after(start, 24 * HOUR) == at("2011-12-31 12:00", "Pacific/Apia")


def test_too_few_working_hours_are_too_late() -> None:
    with pytest.raises(TooLate):
        office("mon 09:00-09:01").after(at("2026-11-27 09:00"), 100 * HOUR)


# -- Any timetable ---------------------------------------------------------------------------------

BOUNDS = st.lists(st.integers(0, 24), min_size=2, max_size=4, unique=True).map(sorted)


def _spans(bounds: list[int]) -> list[Span]:
    pairs = zip(bounds[::2], bounds[1::2], strict=False)
    return [(begin * 60, end * 60) for begin, end in pairs]


DAY_SPANS: "st.SearchStrategy[list[Span]]" = st.just([]) | BOUNDS.map(_spans)
WEEKS = st.lists(DAY_SPANS, min_size=7, max_size=7).filter(any)
STARTS = st.sampled_from([FORWARD, BACK, date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5)])
HOLIDAYS = st.frozensets(st.integers(-3, 8), max_size=5)


@st.composite
def cases(draw: st.DrawFn) -> tuple[WorkingHours, datetime]:
    """Return working hours, and a moment some days around a change of the clocks."""
    day, zone = draw(STARTS), ZoneInfo(draw(st.sampled_from(ZONES)))
    free = frozenset(day + timedelta(days=number) for number in draw(HOLIDAYS))
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    start = begin + draw(st.integers(0, 4 * 24 * 60)) * MINUTE
    return WorkingHours(draw(WEEKS), zone, free), start


def works(hours: WorkingHours, moment: datetime) -> bool:
    """Return whether the clocks show a working minute: another way to say what counts."""
    local = moment.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    spans = () if local.date() in hours.holidays else hours.week[local.weekday()]
    return any(begin <= minute < end for begin, end in spans)


@settings(max_examples=tries(60, thorough=1000), deadline=None)
@given(case=cases(), minutes=st.integers(1, 2000))
def test_time_passes_in_exactly_the_minutes_that_clocks_show_as_working(
    case: tuple[WorkingHours, datetime], minutes: int
) -> None:
    hours, start = case
    end = hours.after(start, minutes * MINUTE)
    passed = int((end - start) / MINUTE)
    assert sum(works(hours, start + one * MINUTE) for one in range(passed)) == minutes
    assert works(hours, end - MINUTE)  # no later than it must be


@settings(max_examples=tries(100, thorough=2000), deadline=None)
@given(case=cases(), first=st.integers(1, 5000), second=st.integers(1, 5000))
def test_time_adds_up(case: tuple[WorkingHours, datetime], first: int, second: int) -> None:
    hours, start = case
    halfway = hours.after(start, first * MINUTE)
    assert hours.after(halfway, second * MINUTE) == hours.after(start, (first + second) * MINUTE)


@settings(max_examples=tries(100, thorough=2000), deadline=None)
@given(case=cases(), later=st.integers(0, 5000), minutes=st.integers(1, 5000))
def test_who_comes_later_is_not_due_earlier(
    case: tuple[WorkingHours, datetime], later: int, minutes: int
) -> None:
    hours, start = case
    duration = minutes * MINUTE
    assert hours.after(start, duration) <= hours.after(start + later * MINUTE, duration)


@given(week=WEEKS)
def test_timetable_is_read_as_it_is_written(week: list[list[Span]]) -> None:
    assert read_week(write_week(week)) == week


@example(text="mon-fri 9:00-17:00")
@example(text="mon 24:30-24:40")
@given(text=st.text(alphabet="monfrisu 0123456789:-,\n", max_size=40))
def test_any_text_is_a_timetable_or_refused(text: str) -> None:
    with suppress(NotReadable):
        week = read_week(text)
        assert len(week) == len(DAYS)
        assert all(0 <= begin < end <= 24 * 60 for spans in week for begin, end in spans)
