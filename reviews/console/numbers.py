"""The statistics as the page shows them, each with a link to its list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from realtime.replica import routing
from realtime.replica.reading import may_lag
from realtime.snapshot import snapshot
from reviews import selectors, trends
from reviews.choices import Severity
from reviews.console.list_query import query_for
from reviews.console.listings import DECIDED, PENDING, Listing
from reviews.console.number_formats import digits, percent
from reviews.console.rows import in_words
from reviews.decision_kinds import DecisionKind


@dataclass(frozen=True)
class Bar:
    """One bar of a plot: `percent` of the longest, and the list that it counts."""

    name: str
    label: str
    count: int
    percent: float
    address: str


@dataclass(frozen=True)
class Number:
    """A number in words, and what it counts; "–" if there are no data."""

    label: str
    value: str
    about: str
    address: str = ""


@dataclass(frozen=True)
class Numbers:
    """All numbers that the page shows, read in one snapshot."""

    pending: list[Bar]
    sums: list[Number]
    days: list[trends.Day]
    as_of: datetime | None
    """Up to when they are complete, if they may lag."""

    @cached_property
    def kinds(self) -> list[tuple[str, str, str, str]]:
        """Return the columns of the decisions: name, words, tone and list of each kind."""
        return [
            (kind.value, capfirst(str(kind.label)), kind.traits.tone, decided(decision=kind.value))
            for kind in DecisionKind
        ]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Return the days as rows of the tables."""
        return [
            {
                "day": day.day.isoformat(),
                "counts": [day.counts[kind] for kind in DecisionKind.values],
                "hours": None if day.median_seconds is None else day.median_seconds / 3600,
                "review_time": duration(day.median_seconds),
                "agreement": None if day.agreement is None else round(100 * day.agreement),
                "prevented": day.prevented,
                "address": decided(decided=day.day.isoformat()) if day.total else "",
            }
            for day in self.days
        ]


@may_lag
def read_numbers() -> Numbers:
    with snapshot():
        stats = selectors.review_stats()
        days = trends.days()
    counts = {one: stats[f"{one.lower()}_pending"] for one in Severity.values}
    most = max([1, *counts.values()])
    pending = [
        Bar(
            one.value,
            capfirst(str(one.label)),
            counts[one.value],
            round(100 * counts[one.value] / most, 1),
            _address(PENDING, severity=one.value),
        )
        for one in Severity
    ]
    return Numbers(pending, _sums(stats), days, routing.as_of())


def _sums(stats: dict[str, Any]) -> list[Number]:
    return [
        Number(
            _("Pending"),
            digits(stats["pending_reviews"]),
            _("APVs that wait for a decision now."),
            reverse("console"),
        ),
        Number(
            _("Decided this week"),
            digits(stats["decisions_this_week"]),
            _("Decisions since Monday, 0:00 UTC; an escalation is one too."),
            decided_this_week(),
        ),
        Number(
            _("Median time to a decision"),
            duration(stats["median_review_time_seconds"]),
            _("From when an APV is added: half of all decisions came sooner."),
        ),
        Number(
            _("Human and machine agree"),
            share(stats["human_ai_agreement_rate"]),
            _("Of the decisions to approve or reject, those that the machine would have made."),
        ),
        Number(
            _("Merges prevented"),
            share(stats["auto_merge_prevention_rate"]),
            _("Of all decisions, those where the machine would have merged and a person did not."),
        ),
    ]


def decided(**narrowed: str) -> str:
    """Return the filtered list of decisions."""
    return _address(DECIDED, **narrowed)


def _address(listing: Listing, **narrowed: str) -> str:
    return f"{reverse('console')}?{query_for(listing, **narrowed).urlencode()}"


def decided_this_week() -> str:
    return decided(decided_since=selectors.monday().isoformat())


def duration(seconds: float | None) -> str:
    return "–" if seconds is None else in_words(seconds / 3600)


def share(value: float | None) -> str:
    return "–" if value is None else percent(value)
