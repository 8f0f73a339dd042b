"""Prometheus metrics of webhooks."""

import logging
import math
from collections.abc import Iterator
from itertools import product

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric

from forges.choices import DeliveryState
from forges.models import Delivery, Forge
from realtime.metrics import REGISTRY

logger = logging.getLogger(__name__)

WEBHOOKS = Counter(
    "hitl_webhooks_total",
    "Webhooks that came, by forge and what became of them; the forge is empty if there is none.",
    ["forge", "outcome"],
    registry=REGISTRY,
)
WEBHOOKS.labels("", "unknown_forge")

UNFINISHED = (DeliveryState.RECEIVED, DeliveryState.FAILED)
QUANTILES = (0.5, 0.99)
SECONDS = """
SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY extract(epoch FROM processed_at - received_at))
FROM forges_delivery WHERE received_at > now() - interval '5 minutes' AND processed_at IS NOT NULL
"""


class DeliveryCollector:
    """Reads the numbers on each scrape; without a database there are none."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [_unfinished(), _seconds()]
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The numbers of deliveries cannot be read: %s", error)
            return
        yield from found


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
    family = GaugeMetricFamily(
        "hitl_delivery_seconds",
        "From a webhook to the end of its processing, of those received in the last 5 minutes.",
        labels=["quantile"],
    )
    for quantile in QUANTILES:
        with connection.cursor() as cursor:
            cursor.execute(SECONDS, [quantile])
            seconds = cursor.fetchone()[0]
        family.add_metric([str(quantile)], math.nan if seconds is None else seconds)
    return family
