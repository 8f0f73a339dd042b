"""The reads: the numbers of the review, and rows together with the positions they stand at."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Aggregate, Avg, Count, FloatField, Max, Min, Q
from django.utils import timezone

from realtime.messages import StatsUpdate
from reviews.choices import Severity, Verb
from reviews.models import APV, Decision


class Median(Aggregate):
    """The middle value, as PostgreSQL's percentile_cont interpolates it."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@contextmanager
def snapshot() -> Iterator[None]:
    """One consistent view of the database for several reads (REPEATABLE READ).

    Inside a transaction that runs already, reads see what that one sees.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def stats_message() -> StatsUpdate:
    """The three numbers that every watcher sees."""
    return StatsUpdate(
        pending_reviews=APV.objects.pending().count(),
        total_decisions=Decision.objects.count(),
        decisions_today=Decision.objects.filter(decided_at__gte=_today()).count(),
    )


def review_stats() -> dict[str, Any]:
    """All numbers of the dashboard; None where there is nothing to compute from."""
    pending = APV.objects.pending().aggregate(
        pending_reviews=Count("pk"),
        **{
            f"{severity.lower()}_pending": Count("pk", filter=Q(severity=severity))
            for severity in Severity.values
        },
    )
    decided = Decision.objects.aggregate(
        total_decisions=Count("pk"),
        decisions_today=Count("pk", filter=Q(decided_at__gte=_today())),
        decisions_this_week=Count("pk", filter=Q(decided_at__gte=_this_week())),
        approved_count=Count("pk", filter=Q(decision=Verb.APPROVE)),
        rejected_count=Count("pk", filter=Q(decision=Verb.REJECT)),
        modified_count=Count("pk", filter=Q(decision=Verb.MODIFY)),
        escalated_count=Count("pk", filter=Q(decision=Verb.ESCALATE)),
        average_review_time_seconds=Avg("review_seconds"),
        median_review_time_seconds=Median("review_seconds"),
        fastest_review_seconds=Min("review_seconds"),
        slowest_review_seconds=Max("review_seconds"),
    )
    return {**pending, **decided, **_agreement(decided)}


def _agreement(decided: dict[str, Any]) -> dict[str, float | None]:
    """How often people and the machine agree, as shares of 0 to 1."""
    counts = Decision.objects.aggregate(
        agreed=Count(
            "pk",
            filter=Q(decision=Verb.APPROVE, recommendation=Verb.APPROVE)
            | Q(decision=Verb.REJECT, recommendation=Verb.REJECT),
        ),
        prevented=Count("pk", filter=Q(recommendation=Verb.APPROVE) & ~Q(decision=Verb.APPROVE)),
    )
    comparable = decided["approved_count"] + decided["rejected_count"]
    return {
        "human_ai_agreement_rate": _share(counts["agreed"], comparable),
        "auto_merge_prevention_rate": _share(counts["prevented"], decided["total_decisions"]),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _today() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


def _this_week() -> datetime:
    """Monday, 00:00 UTC."""
    return _today() - timedelta(days=timezone.now().weekday())


def ecosystem_choices() -> list[tuple[str, str]]:
    """The ecosystems that APVs come from, as choices of a form."""
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


def hours_waiting(apv: APV) -> float:
    """How long an APV has been waiting, in hours."""
    return (timezone.now() - apv.created_at).total_seconds() / 3600
