"""Rules that hold for rows from any interface."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, transaction

from realtime.models import Counter, Event
from reviews import services
from reviews.models import APV, Decision
from tests.support.site import apv

pytestmark = pytest.mark.django_db

NAN = float("nan")


@pytest.fixture
def decided() -> Decision:
    user = get_user_model().objects.create_superuser("root", "root@example.com", "x")
    one = APV.objects.create(**apv())
    return services.decide(
        apv_id=one.pk, decision="approve", justification="Looked at closely.", reviewer=user
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"severity": "HUGE"},
        {"status": "lost"},
        {"patch_strategy": "magic"},
        {"wargame_verdict": "won"},
        {"patch_risk_level": "none"},
        {"apv_code": "X-1"},
        {"priority": 11},
        {"cve_id": "CVE-1"},
        {"package_name": ""},
        {"cvss_score": 10.5},
        {"cvss_score": NAN},
        {"patch_confidence": 1.5},
        {"static_confidence": NAN},
        {"pr_url": "javascript:x"},
        {"wargame_run_url": "ftp://x"},
        {"patch_diff": "x" * (1024 * 1024 + 1)},
    ],
    ids=lambda fields: str(fields)[:50],
)
def test_database_refuses_what_breaks_a_rule(fields: dict[str, Any]) -> None:
    values = {**apv(), "priority": 5, **fields}
    with pytest.raises((IntegrityError, ValueError)), transaction.atomic():
        APV.objects.create(**values)


def test_decision_can_be_neither_edited_nor_deleted(decided: Decision) -> None:
    queryset = Decision.objects.filter(pk=decided.pk)
    decided.justification = "Something else entirely."
    for change in (
        decided.save,
        decided.delete,
        queryset.delete,
        lambda: queryset.update(justification="x" * 20),
    ):
        with pytest.raises(DatabaseError, match=r"never edited or|protected"), transaction.atomic():
            change()


def test_apv_and_user_of_a_decision_stay(decided: Decision) -> None:
    for owner in (decided.apv, decided.reviewer):
        with pytest.raises(IntegrityError), transaction.atomic():
            owner.delete()


def test_second_final_decision_breaks_a_constraint(decided: Decision) -> None:
    fields = {
        field.attname: getattr(decided, field.attname)
        for field in Decision._meta.fields
        if not field.primary_key
    }
    with pytest.raises(IntegrityError, match="decision_once"), transaction.atomic():
        Decision.objects.create(**fields)


def test_decision_keeps_what_was_decided_on(decided: Decision) -> None:
    import hashlib

    assert decided.apv_version == 1
    assert decided.apv.version == 2
    assert decided.severity == "HIGH"
    assert decided.diff_sha256 == hashlib.sha256(apv()["patch_diff"].encode()).hexdigest()
    decided.apv.severity = "LOW"
    decided.apv.save()
    assert Decision.objects.get().severity == "HIGH"


def test_bulk_create_records_an_event_for_each_row() -> None:
    rows = APV.objects.bulk_create([APV(**apv()) for _ in range(7)])
    events = Event.objects.filter(channel="apvs").order_by("offset")
    assert [event.offset for event in events] == list(range(1, 8))
    assert all(str(row.pk) in event.message for row, event in zip(rows, events, strict=True))
    assert Counter.objects.get(channel="apvs").top == 7
    assert len({row.apv_code for row in rows}) == 7


def test_bulk_create_that_may_skip_rows_is_refused() -> None:
    for options in ((None, True), (None, False, True)):
        with pytest.raises(ValueError, match="added whole"):
            APV.objects.bulk_create([APV(**apv())], *options)


def test_decisions_are_not_made_in_bulk() -> None:
    with pytest.raises(TypeError, match=r"services\.decide"):
        Decision.objects.bulk_create([])


def test_bulk_update_raises_the_version() -> None:
    one = APV.objects.create(**apv())
    APV.objects.filter(pk=one.pk).update(priority=1)
    one.refresh_from_db()
    assert one.version == 2


def test_rollback_leaves_no_gap_in_codes_or_offsets() -> None:
    first = APV.objects.create(**apv())
    with transaction.atomic():
        APV.objects.create(**apv())
        transaction.set_rollback(True)
    second = APV.objects.create(**apv())
    number = int(first.apv_code.rsplit("-", 1)[1])
    assert int(second.apv_code.rsplit("-", 1)[1]) == number + 1
    assert list(Event.objects.order_by("offset").values_list("offset", flat=True)) == [1, 2]
