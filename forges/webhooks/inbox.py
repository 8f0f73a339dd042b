"""Take a webhook in: check its signature, and keep it together with a job for it."""

import hashlib
import json
from typing import Any

from django.db import connection, transaction

from audit import entries
from audit.choices import AuditAction
from forges import metrics
from forges.choices import DeliveryState, ForgeKind
from forges.encryption import CannotDecrypt
from forges.models import Delivery, Forge
from forges.tasks import process_delivery
from forges.texts import fitting, storable
from forges.webhooks.errors import BadSignature, NoObject, UnknownForge, WebhookError
from forges.webhooks.kinds import KINDS
from forges.webhooks.kinds.base import Headers, Payload
from realtime import clock
from realtime.transactions import publishing

NO_SECRET = "no forge"  # noqa: S105 — takes the time that a secret would


def take_in(name: str, headers: Headers, body: bytes) -> bool:
    """Keep a webhook, and defer its processing; return False if it was kept before.

    `headers` have lower-case names. One that failed is processed again when it comes again. Raise a
    WebhookError.
    """
    try:
        forge = _sender(name, headers, body)
        payload = _parsed(body)
    except WebhookError as error:
        metrics.count_refused(name, error)
        raise
    kind = KINDS[forge.kind]
    delivery_id = _id(kind.delivery_id(headers), body)
    event = fitting(Delivery, "event", storable(kind.event(headers, payload)))
    with transaction.atomic():
        added = _insert(forge, delivery_id, event, body)
        found = added or _failed(forge, delivery_id)
        if found is not None:
            process_delivery.defer(delivery_id=found)
    metrics.WEBHOOKS.labels(name, "repeated" if added is None else "accepted").inc()
    return added is not None


def process_again(delivery: Delivery) -> None:
    """Have a delivery processed again, whatever became of it, with an audit entry."""
    with publishing():
        Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.RECEIVED, note="")
        process_delivery.defer(delivery_id=delivery.pk)
        entries.record(AuditAction.DELIVERY_REPEATED, f"webhook {delivery}")


def _sender(name: str, headers: Headers, body: bytes) -> Forge:
    """Return the forge that signed a webhook; take as long if there is none."""
    forge = Forge.objects.filter(name=name).first()
    try:
        secrets = forge.secrets() if forge else [NO_SECRET]
    except CannotDecrypt:
        secrets = []
    is_signed = KINDS[forge.kind if forge else ForgeKind.GITHUB].is_signed(headers, body, secrets)
    if forge is None:
        raise UnknownForge
    if not is_signed:
        raise BadSignature
    return forge


def _parsed(body: bytes) -> Payload:
    try:
        payload: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise NoObject("The body is not JSON.") from None
    if not isinstance(payload, dict):
        raise NoObject("The body is JSON, but no object.")
    return payload


def _id(given: str, body: bytes) -> str:
    """Return the id of a delivery: the given one, or its digest if there is none or it is long."""
    if not given:
        return hashlib.sha256(body).hexdigest()
    if given != fitting(Delivery, "delivery_id", given):
        return hashlib.sha256(given.encode()).hexdigest()
    return storable(given)


INSERT = """
INSERT INTO forges_delivery (forge_id, delivery_id, event, body, state, note, received_at)
VALUES (%s, %s, %s, %s, %s, '', %s) ON CONFLICT (forge_id, delivery_id) DO NOTHING RETURNING id
"""


def _insert(forge: Forge, delivery_id: str, event: str, body: bytes) -> int | None:
    """Insert a delivery in one statement; return its key, or None if it is there already."""
    values: list[Any] = [forge.pk, delivery_id, event, body, DeliveryState.RECEIVED, clock.now()]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        found = cursor.fetchone()
    return found[0] if found else None


def _failed(forge: Forge, delivery_id: str) -> int | None:
    """Return a delivery that failed, which waits again from now on."""
    failed = Delivery.objects.filter(
        forge=forge, delivery_id=delivery_id, state=DeliveryState.FAILED
    )
    found = failed.select_for_update().values_list("pk", flat=True).first()
    if found is not None:
        Delivery.objects.filter(pk=found).update(state=DeliveryState.RECEIVED)
    return found
