"""The versions that an advisory affects, and the move to a fixed version.

Evaluated as https://ossf.github.io/osv-schema/#evaluation says, in the order of the ecosystem. If
versions have no order, only those that the advisory names count.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cmp_to_key
from itertools import groupby
from typing import NamedTuple, Protocol

from reviews.versions import Order, order_of

FIRST = "0"
"""As what introduces: before every version."""
NO_LIMIT = "*"
BEFORE = "before {}"
"""Which version is affected, where the advisory lists none: no version is made up."""
MOST_LISTED, MOST_INTERVALS = 20_000, 500
"""For one package; what is published stays far below."""


class NoFix(Exception):
    """No version is known to be fixed; `reason` is worded for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Event(Protocol):
    introduced: str | None
    fixed: str | None
    last_affected: str | None
    limit: str | None


class Range(Protocol):
    type: str

    @property
    def events(self) -> Sequence[Event]: ...


class Affected(Protocol):
    @property
    def ranges(self) -> Sequence[Range]: ...

    @property
    def versions(self) -> Sequence[str]: ...


class Bump(NamedTuple):
    """The move to a fixed version.

    `old` is an affected version that the advisory lists, or "before …"; `is_listed` says which.
    """

    old: str
    new: str
    is_listed: bool
    warnings: list[str]


class Interval(NamedTuple):
    """A run of affected versions: from `start`, up to before `end` or up to `last`.

    `fixed` is the version that the advisory names as the fix. Without an end, the run is unlimited.
    """

    start: str
    end: str | None = None
    last: str | None = None
    fixed: str | None = None


def find_bump(ecosystem: str, entries: Sequence[Affected]) -> Bump:
    """Return the bump that fixes one package, whose `affected` entries are `entries`.

    An advisory often names several release lines, each with its own fix, such as 1.x fixed in 1.4.2
    and 2.x in 2.1.0. The bump goes to the fix of the highest line, unless that fix is itself
    affected, as the end of a range inside another one is. It comes from the highest version of the
    line that the advisory lists, or from "before" the fix if it lists none (as Go never does).

    Ranges of type GIT name commits and are ignored. Raise NoFix.
    """
    ranges = [one for entry in entries for one in entry.ranges]
    listed = list(dict.fromkeys(version for entry in entries for version in entry.versions))
    is_semver = any(one.type == "SEMVER" for one in ranges)
    if len(listed) > MOST_LISTED:
        raise NoFix(f"more than {MOST_LISTED:,} versions")
    versions = Affections(order_of(ecosystem, is_semver=is_semver), listed, ranges)
    if len(versions.intervals) > MOST_INTERVALS:
        raise NoFix(f"more than {MOST_INTERVALS:,} ranges")
    line = versions.highest_with_a_fix()
    assert line.fixed is not None
    inside = versions.highest_listed_in(line)
    old = inside or BEFORE.format(line.end)
    unlisted = [] if inside else [_unlisted(line)]
    return Bump(old, line.fixed, bool(inside), [*unlisted, *versions.unfixed_above(line.fixed)])


class Affections:
    """The statements of an advisory about one package's versions."""

    def __init__(self, order: Order, listed: list[str], ranges: Sequence[Range]) -> None:
        self._order = order
        self._listed = listed
        self._ranges = ranges
        self.intervals = [
            interval
            for one in ranges
            if one.type != "GIT"
            for interval in intervals_of(one.events, order)
        ]

    def affects(self, version: str) -> bool:
        """Return whether a version is affected, as far as that is known.

        Listed versions are compared as texts, since registries distinguish builds of one version.
        """
        return version in self._listed or any(
            holds(one, version, self._order) for one in self.intervals
        )

    def highest_with_a_fix(self) -> Interval:
        """Return the highest interval whose fix is not affected itself; raise NoFix."""
        fixed = [one for one in self.intervals if one.fixed and not self.affects(one.fixed)]
        if not fixed:
            raise NoFix(self._why_unfixed())
        highest = fixed[0]
        for one in fixed[1:]:
            difference = self._order.compare(one.fixed or "", highest.fixed or "")
            if difference is None:
                raise NoFix("several fixed versions, and no known order of versions")
            if difference > 0:
                highest = one
        return highest

    def highest_listed_in(self, line: Interval) -> str | None:
        inside = [one for one in self._listed if holds(line, one, self._order)]
        return self._order.highest(inside) if inside else None

    def unfixed_above(self, version: str) -> Iterator[str]:
        """Yield a warning for each higher line that stays affected."""
        for one in self.intervals:
            is_above = one.start != FIRST and (self._order.compare(one.start, version) or 0) > 0
            if is_above and (one.fixed is None or self.affects(one.fixed)):
                yield _unfixed(one)

    def _why_unfixed(self) -> str:
        if any(one.last for one in self.intervals):
            return "no fixed version, only the last affected one"
        if any(one.end and not one.fixed for one in self.intervals):
            return "no fixed version, only a limit"
        if self._ranges and all(one.type == "GIT" for one in self._ranges):
            return "no fixed version, only commits"
        return "no fixed version"


def holds(interval: Interval, version: str, order: Order) -> bool:
    """Return whether a version is in an interval; one without an order only matches its start."""
    after_start = _at_least(version, interval.start, order)
    if interval.end is not None:
        return after_start and order.compare(version, interval.end) == -1
    if interval.last is not None:
        return after_start and order.compare(version, interval.last) in {-1, 0}
    return after_start


def _at_least(version: str, start: str, order: Order) -> bool:
    return start == FIRST or order.compare(version, start) in {0, 1}


# -- From events to intervals -----------------------------------------------------------------


class Step(NamedTuple):
    kind: str
    version: str


def intervals_of(events: Iterable[Event], order: Order) -> Iterator[Interval]:
    """Yield the runs of affected versions that a range's events describe, in any order."""
    steps = [
        Step(kind, version)
        for event in events
        for kind in ("introduced", "fixed", "last_affected", "limit")
        if (version := getattr(event, kind)) is not None
    ]
    limit = _limit(steps, order)
    for interval in _unlimited(_in_order(steps, order), order):
        limited = _within(interval, limit, order)
        if limited is not None:
            yield limited


def _in_order(steps: Iterable[Step], order: Order) -> list[Step]:
    """Return the steps in the order of their versions, if they have one, else unchanged."""

    def compare(one: Step, other: Step) -> int:
        first = (one.version != FIRST) - (other.version != FIRST)
        return first or order.compare(one.version, other.version) or 0

    return sorted((one for one in steps if one.kind != "limit"), key=cmp_to_key(compare))


def _unlimited(steps: list[Step], order: Order) -> Iterator[Interval]:
    """Yield runs from their start to their end. One that ends where it starts is empty."""
    start: str | None = None
    for _version, same in groupby(steps, key=lambda step: _SameVersion(step.version, order)):
        for kind, version in _at_one_version(list(same), is_open=start is not None):
            if kind == "introduced":
                start = version if start is None else start
            elif start is not None:
                if kind == "last_affected":
                    yield Interval(start, last=version)
                elif start != version and (start == FIRST or order.compare(start, version) != 0):
                    yield Interval(start, end=version, fixed=version)
                start = None
    if start is not None:
        yield Interval(start)


def _at_one_version(steps: list[Step], *, is_open: bool) -> list[Step]:
    """Sort an introduction before the last affected version, and before a fix of nothing."""
    if is_open and not any(step.kind == "last_affected" for step in steps):
        return steps
    return sorted(steps, key=lambda step: step.kind != "introduced")


class _SameVersion:
    """A version that equals those that compare as equal to it."""

    def __init__(self, version: str, order: Order) -> None:
        self._version, self._order = version, order

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _SameVersion)
            and self._order.compare(self._version, other._version) == 0
        )

    __hash__ = None  # type: ignore[assignment]


def _limit(steps: Iterable[Step], order: Order) -> str | None:
    """Return the highest limit; None if there is none or versions have no order."""
    limits = [step.version for step in steps if step.kind == "limit"]
    if not limits or any(NO_LIMIT in one for one in limits):
        return None
    return order.highest(limits)


def _within(interval: Interval, limit: str | None, order: Order) -> Interval | None:
    """Return the part of an interval before the limit, or None."""
    if limit is None:
        return interval
    if interval.start != FIRST and order.compare(interval.start, limit) in {0, 1}:
        return None
    end = interval.end or interval.last
    if end is not None and order.compare(end, limit) == -1:
        return interval
    return interval._replace(end=limit, last=None)


# -- Words ------------------------------------------------------------------------------------


def _unlisted(line: Interval) -> str:
    since = "" if line.start == FIRST else f", from {line.start} up"
    return f"No affected version is listed: any before {line.end} may be{since}."


def _unfixed(line: Interval) -> str:
    if line.last:
        return f"{line.start} to {line.last} are affected too, without a fix."
    if line.end:
        return f"Versions from {line.start} to before {line.end} are affected too, without a fix."
    return f"Versions from {line.start} up are affected too, without a fix."
