"""Prometheus metrics of what becomes of decisions, read from the database.

The processes that carry decisions out are scraped by nobody, and all others tell the same.
"""

from itertools import product

from django.db.models import Count, Min, QuerySet
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from audit.choices import AuditAction
from audit.selectors import count_of
from realtime import clock
from realtime.database_collector import DatabaseCollector, quantiles
from realtime.snapshot import snapshot
from reviews.choices import EffectKind, EffectState
from reviews.effects.attention import needing_attention
from reviews.effects.states import OPEN, STOPPED
from reviews.models import Effect

ATTENTION = (*STOPPED, *OPEN)
# `changed_at` has an index, and nothing changes what is done.
SECONDS = """
SELECT percentile_cont(%s::float8[])
    WITHIN GROUP (ORDER BY extract(epoch FROM done_at - created_at))
FROM reviews_effect
WHERE changed_at > now() - interval '1 hour' AND done_at IS NOT NULL AND due_at IS NOT NULL
"""


class EffectCollector(DatabaseCollector):
    subject = "the effects"

    def read(self) -> list[Metric]:
        with snapshot():
            return [_effects(), _attention(), _oldest(), _seconds(), _merges_around()]


def _effects() -> Metric:
    family = GaugeMetricFamily(
        "hitl_effects", "What carries decisions out, by state.", labels=["kind", "state"]
    )
    counts = _counts(Effect.objects.all(), "kind", "state")
    for pair in product(EffectKind.values, EffectState.values):
        family.add_metric(pair, counts.get(pair, 0))
    return family


def _attention() -> Metric:
    family = GaugeMetricFamily(
        "hitl_effects_needing_attention",
        "Effects of decisions in force that did not happen, or not within an hour.",
        labels=["state"],
    )
    counts = _counts(needing_attention(), "state")
    for state in ATTENTION:
        family.add_metric([state], counts.get((state,), 0))
    return family


def _counts(effects: QuerySet[Effect], *fields: str) -> dict[tuple[str, ...], int]:
    rows = effects.order_by().values_list(*fields).annotate(count=Count("*"))
    return {tuple(values): count for *values, count in rows}


def _oldest() -> Metric:
    family = GaugeMetricFamily(
        "hitl_effect_oldest_seconds",
        "How long ago the oldest effect in a state should have been carried out.",
        labels=["state"],
    )
    # What a pipeline carries out has no time.
    rows = Effect.objects.filter(state__in=OPEN, due_at__isnull=False).order_by()
    oldest, now = dict(rows.values_list("state").annotate(Min("due_at"))), clock.now()
    for state in OPEN:
        seconds = (now - oldest.get(state, now)).total_seconds()
        family.add_metric([state], max(0.0, seconds))
    return family


def _seconds() -> Metric:
    return quantiles(
        "hitl_effect_seconds",
        "From a decision until it was carried out, of those done in the last hour.",
        SECONDS,
    )


def _merges_around() -> Metric:
    """Count them in the audit: the process that finds one is a worker."""
    return CounterMetricFamily(
        "hitl_merges_around",
        "Pull requests that were merged at a commit that nobody had approved here.",
        value=count_of(AuditAction.MERGED_AROUND),
    )
