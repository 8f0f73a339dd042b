"""Reads: the statistics of the review, and rows with the positions at which they were read."""

from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Prefetch

from audit.choices import CHANGES_OF_APVS
from audit.models import Entry
from forges.models import Repository
from realtime import clock
from reviews import tally
from reviews.decision_kinds import RECOMMENDABLE, DecisionKind
from reviews.models import APV, APVAdvisory
from reviews.tally import Decided


def review_stats() -> dict[str, Any]:
    """Return all numbers of the dashboard; None if there are no data for one."""
    pending, decided, today = tally.pending_by_severity(), tally.decided(), clock.now().date()
    total = sum(kind.count for kind in decided)
    by_kind = tally.decided_by_kind(decided)
    return {
        "pending_reviews": sum(pending.values()),
        **{f"{severity.lower()}_pending": count for severity, count in pending.items()},
        "total_decisions": total,
        "decisions_today": tally.decided_on(today, today),
        "decisions_this_week": tally.decided_on(monday(), today),
        **{kind.traits.count: by_kind[kind] for kind in DecisionKind},
        **_review_times(),
        **_agreement(decided, total),
    }


def monday() -> date:
    """Return the first day of this week, in UTC."""
    today = clock.now().date()
    return today - timedelta(days=today.weekday())


def _review_times() -> dict[str, float | None]:
    """Return the times in seconds from an APV's creation to the decision on it."""
    times = tally.review_times()
    return {
        "average_review_time_seconds": times.average if times else None,
        "median_review_time_seconds": times.median if times else None,
        "fastest_review_seconds": times.fastest if times else None,
        "slowest_review_seconds": times.slowest if times else None,
    }


def _agreement(decided: list[Decided], total: int) -> dict[str, float | None]:
    """Return how often people and the machine agree, as shares from 0 to 1.

    A decision for which the machine had no recommendation counts neither as agreement nor as a
    prevented merge.
    """
    merges = [kind for kind in decided if kind.recommendation == DecisionKind.APPROVE]
    comparable = [
        kind
        for kind in decided
        if kind.decision in RECOMMENDABLE and kind.recommendation in RECOMMENDABLE
    ]
    agreed = sum(kind.count for kind in comparable if kind.decision == kind.recommendation)
    prevented = sum(kind.count for kind in merges if kind.decision != DecisionKind.APPROVE)
    return {
        "human_ai_agreement_rate": _share(agreed, sum(kind.count for kind in comparable)),
        "auto_merge_prevention_rate": _share(prevented, total),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def ecosystem_choices() -> list[tuple[str, str]]:
    """Return the ecosystems of all APVs, as choices of a form."""
    with connection.cursor() as cursor:
        cursor.execute(_ECOSYSTEMS)
        return [(name, name) for (name,) in cursor.fetchall() if name]


_ECOSYSTEMS = """
WITH RECURSIVE found AS (
    (SELECT package_ecosystem FROM reviews_apv ORDER BY package_ecosystem LIMIT 1)
    UNION ALL
    SELECT (SELECT package_ecosystem FROM reviews_apv
            WHERE package_ecosystem > found.package_ecosystem
            ORDER BY package_ecosystem LIMIT 1)
    FROM found WHERE found.package_ecosystem IS NOT NULL
)
SELECT package_ecosystem FROM found WHERE package_ecosystem IS NOT NULL
"""
"""From one to the next by the index on them, instead of through all APVs."""


def last_change_of_apvs() -> int:
    """Return the number of the newest log entry about a changed APV, or 0.

    A page with lists that were read at a smaller number reads them again.
    """
    changes = Entry.objects.filter(action__in=CHANGES_OF_APVS)
    return changes.aggregate(newest=Max("sequence"))["newest"] or 0


def withdrawn_advisories() -> "Prefetch[Any]":
    """Prefetch the withdrawn advisories of each APV, as `withdrawn_links`."""
    links = APVAdvisory.objects.filter(advisory__withdrawn__isnull=False)
    return Prefetch("advisory_links", links, to_attr="withdrawn_links")


def repository_of(apv: APV) -> str | None:
    """Return the name of an APV's repository, or None without one."""
    return None if apv.pull_request is None else full_name(apv.pull_request.repository)


def full_name(repository: Repository) -> str:
    """Return the names of a repository's forge and of its path there."""
    return f"{repository.forge.name}/{repository.path}"


def hours_waiting(apv: APV) -> float:
    """Return how long an APV has been waiting, in hours."""
    return (clock.now() - apv.created_at).total_seconds() / 3600
