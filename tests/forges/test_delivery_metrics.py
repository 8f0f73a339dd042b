"""How long webhooks wait is told to Prometheus, from the database."""

import math
from datetime import timedelta

import pytest
from django.utils import timezone

from forges.metrics import DeliveryCollector
from forges.models import Delivery, Forge
from tests.support.forge_webhooks import payload, send

pytestmark = pytest.mark.django_db


def seconds() -> dict[str, float]:
    [family] = [one for one in DeliveryCollector().collect() if one.name == "hitl_delivery_seconds"]
    return {one.labels["quantile"]: one.value for one in family.samples}


def test_seconds_until_webhooks_are_processed_are_of_the_last_minutes(forge: Forge) -> None:
    now = timezone.now()
    for number in range(3):
        send(forge, payload(forge), f"d-{number}")
    assert all(map(math.isnan, seconds().values()))  # none is processed
    for number, delivery in enumerate(Delivery.objects.order_by("pk")):
        received_at = now - timedelta(seconds=60)
        processed_at = received_at + timedelta(seconds=10 * number)
        Delivery.objects.filter(pk=delivery.pk).update(
            received_at=received_at, processed_at=processed_at
        )
    assert seconds() == {"0.5": 10, "0.99": pytest.approx(19.8)}
    Delivery.objects.update(received_at=now - timedelta(minutes=6))
    assert all(map(math.isnan, seconds().values()))
