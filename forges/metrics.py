"""Prometheus metrics of webhooks, and of the requests to forges."""

from itertools import product

from django.db.models import Count
from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from forges.choices import DeliveryState
from forges.models import Delivery, Forge, RequestCount
from forges.webhooks.errors import UnknownForge, WebhookError
from realtime.database_collector import DatabaseCollector, quantiles
from realtime.metrics import REGISTRY

WEBHOOKS = Counter(
    "hitl_webhooks_total",
    "Webhooks that came, by forge and what became of them; the forge is empty if there is none.",
    ["forge", "outcome"],
    registry=REGISTRY,
)
WEBHOOKS.labels("", UnknownForge.outcome)


def count_refused(forge: str, error: WebhookError) -> None:
    """Count a webhook to the forge of a name; those to unknown names make no series each."""
    WEBHOOKS.labels("" if isinstance(error, UnknownForge) else forge, error.outcome).inc()


FIELDS = ("forge__name", "method", "status", "count")
FIRST = (("GET", "200"), ("GET", "error"))
"""What each forge has from the start, so that it has a share of failures before the first one."""
UNFINISHED = (DeliveryState.RECEIVED, DeliveryState.FAILED)
SECONDS = """
SELECT percentile_cont(%s::float8[])
    WITHIN GROUP (ORDER BY extract(epoch FROM processed_at - received_at))
FROM forges_delivery WHERE received_at > now() - interval '5 minutes' AND processed_at IS NOT NULL
"""


class DeliveryCollector(DatabaseCollector):
    subject = "deliveries"

    def read(self) -> list[Metric]:
        return [_unfinished(), _seconds()]


def _unfinished() -> Metric:
    family = GaugeMetricFamily(
        "hitl_deliveries",
        "Webhooks that were kept and wait to be processed, or failed.",
        labels=["forge", "state"],
    )
    counted = Delivery.objects.filter(state__in=UNFINISHED).order_by()
    rows = counted.values_list("forge__name", "state").annotate(Count("pk"))
    counts = {(forge, state): count for forge, state, count in rows}
    forges = [*Forge.objects.values_list("name", flat=True)] or [""]
    for forge, state in product(forges, UNFINISHED):
        family.add_metric([forge, state], counts.get((forge, state), 0))
    return family


def _seconds() -> Metric:
    return quantiles(
        "hitl_delivery_seconds",
        "From a webhook to the end of its processing, of those received in the last 5 minutes.",
        SECONDS,
    )


class RequestCollector(DatabaseCollector):
    subject = "the requests to forges"

    def read(self) -> list[Metric]:
        return [_requests()]


def _requests() -> Metric:
    family = CounterMetricFamily(
        "hitl_forge_requests",
        "Requests to forges of all processes, by the code of the answer, or why there was none.",
        labels=["forge", "method", "status"],
    )
    names = Forge.objects.values_list("name", flat=True)
    counts = {(name, *first): 0 for name, first in product([*names] or [""], FIRST)}
    for forge, method, status, count in RequestCount.objects.values_list(*FIELDS):
        counts[forge, method, status] = count
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family
