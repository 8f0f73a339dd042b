"""Webhooks: what is kept, and what is refused."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from forges.choices import DeliveryState
from forges.metrics import WEBHOOKS
from forges.models import Delivery, Forge
from forges.pruning import prune_deliveries
from tests.support.forge_webhooks import jobs, payload, send, signature

pytestmark = pytest.mark.django_db


def refused(forge: Forge, outcome: str = "bad_signature") -> float:
    return float(WEBHOOKS.labels(forge.name, outcome)._value.get())


def test_webhook_is_kept_with_a_job(forge: Forge) -> None:
    answer = send(forge, payload(forge))
    assert answer.status_code == 202
    delivery = Delivery.objects.get()
    assert (delivery.delivery_id, delivery.state) == ("d-1", DeliveryState.RECEIVED)
    assert json.loads(bytes(delivery.body)) == payload(forge)
    assert jobs("forges.process_delivery") == [{"delivery_id": delivery.pk}]
    assert "sessionid" not in answer.cookies


def test_same_webhook_again_is_kept_once(forge: Forge) -> None:
    send(forge, payload(forge))
    assert send(forge, payload(forge)).status_code == 200
    assert Delivery.objects.count() == 1
    assert len(jobs("forges.process_delivery")) == 1


def test_one_that_failed_is_processed_when_it_comes_again(forge: Forge) -> None:
    send(forge, payload(forge))
    Delivery.objects.update(state=DeliveryState.FAILED)
    assert send(forge, payload(forge)).status_code == 200
    assert Delivery.objects.get().state == DeliveryState.RECEIVED
    assert len(jobs("forges.process_delivery")) == 2


def test_same_id_of_another_forge_is_another_webhook(forge: Forge) -> None:
    other = Forge.objects.get(pk=forge.pk)
    other.pk, other.name = None, "another"
    other.save()
    assert send(forge, payload(forge)).status_code == 202
    assert send(other, payload(other)).status_code == 202


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, "body"),
        ("", "body"),
        ("x" * 201, "given"),
        ("x" * 200, "x" * 200),
    ],
)
def test_id_that_is_missing_or_long_becomes_a_digest(
    forge: Forge, given: str | None, kept: str
) -> None:
    body = json.dumps(payload(forge)).encode()
    digests = {"body": body, "given": (given or "").encode()}
    assert send(forge, body, given).status_code == 202
    known = hashlib.sha256(digests[kept]).hexdigest() if kept in digests else kept
    assert Delivery.objects.get().delivery_id == known
    assert send(forge, body, given).status_code == 200


def test_wrong_signature_is_refused_and_counted(forge: Forge) -> None:
    body = json.dumps(payload(forge)).encode()
    before = refused(forge)
    for wrong in (signature(forge, body, "another"), {}):
        headers = dict.fromkeys(signature(forge, body), "") | wrong
        answer = send(forge, body, **headers)
        assert answer.status_code == 401, wrong
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == "The signature is missing, wrong or too old."
    assert refused(forge) - before == 2
    assert not Delivery.objects.exists()
    assert not jobs("forges.process_delivery")


def test_unknown_forge_is_no_address(forge: Forge) -> None:
    unknown = Forge(name="nobodys", kind=forge.kind)
    assert send(unknown, payload(forge)).status_code == 404
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b'"text"', b"null", b"\xff\xfe\x00", b"[" * 100_000, b"1" * 5000],
    ids=range(8),
)
def test_body_that_is_no_object_is_named(forge: Forge, body: bytes) -> None:
    before = refused(forge, "no_object")
    answer = send(forge, body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["errors"]["body"][0]
    assert refused(forge, "no_object") - before == 1
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_not_allowed(forge: Forge, method: str) -> None:
    answer = getattr(Browser(), method)(f"/hitl/forges/{forge.name}/webhook")
    assert answer.status_code == 405


def test_secret_that_cannot_be_decrypted_accepts_nothing(forge: Forge) -> None:
    Forge.objects.update(webhook_secrets=b"from another key")
    assert send(forge, payload(forge)).status_code == 401


def test_old_deliveries_are_deleted_but_not_those_that_wait(forge: Forge) -> None:
    long_ago = timezone.now() - timedelta(days=15)
    for state in DeliveryState.values:
        for at in (long_ago, timezone.now()):
            name = f"{state} {at}"
            Delivery.objects.create(
                forge=forge, delivery_id=name, event="e", body=b"{}", state=state, received_at=at
            )
    assert prune_deliveries(days=14) == 3
    assert Delivery.objects.filter(received_at__lt=timezone.now()).count() == 5
    assert Delivery.objects.get(received_at=long_ago).state == DeliveryState.RECEIVED
