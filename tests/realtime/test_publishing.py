"""When messages are recorded: last in their transaction, and never after a rollback."""

import contextlib

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from realtime.models import Event
from realtime.publish import publish
from realtime.transactions import publishing
from reviews import services
from reviews.events import NewAPV
from reviews.models import APV

pytestmark = pytest.mark.django_db(transaction=True)


def new_apv(name: str) -> NewAPV:
    return NewAPV.model_validate(
        {
            "apv_id": "7f8de0a0-1c6a-4d4e-9a53-6c1f52dd8a10",
            "apv_code": "APV-2026-001",
            "severity": "LOW",
            "cve_id": None,
            "package_name": name,
        }
    )


def told() -> list[tuple[int, str]]:
    """Return the offset and the package of each event."""
    events = Event.objects.filter(channel="apvs").order_by("offset")
    return [(one.offset, NewAPV.model_validate_json(one.message).package_name) for one in events]


def test_messages_are_recorded_in_order_when_the_block_ends() -> None:
    with publishing():
        publish([new_apv("first")])
        publish([new_apv("second"), new_apv("third")])
        assert told() == []
    assert told() == [(1, "first"), (2, "second"), (3, "third")]


def test_inner_block_leaves_its_messages_to_the_outer_one() -> None:
    with publishing():
        with publishing():
            publish([new_apv("inner")])
        publish([new_apv("outer")])
        assert told() == []
    assert told() == [(1, "inner"), (2, "outer")]


def test_inner_block_that_fails_takes_its_messages_with_it() -> None:
    with publishing():
        publish([new_apv("before")])
        with contextlib.suppress(ValueError), publishing():
            publish([new_apv("failed")])
            raise ValueError
    assert told() == [(1, "before")]


def test_savepoint_that_is_rolled_back_takes_the_messages_behind_it_along() -> None:
    with publishing():
        with transaction.atomic():
            publish([new_apv("rolled back")])
            with publishing():
                publish([new_apv("rolled back too")])
            transaction.set_rollback(True)
        with transaction.atomic():
            publish([new_apv("kept")])
    assert told() == [(1, "kept")]


def test_block_that_is_rolled_back_records_nothing() -> None:
    with publishing():
        publish([new_apv("rolled back")])
        transaction.set_rollback(True)
    assert told() == []


def test_message_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        publish([new_apv("nowhere")])


def test_decision_locks_its_counters_only_at_the_very_end(django_user_model: type) -> None:
    apv = APV.objects.create(
        severity="LOW", package_name="late", patch_strategy="version_bump", pr_number=1
    )
    lead = django_user_model.objects.create_superuser("lead", "lead@example.com", "x")  # type: ignore[attr-defined]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.decide(
            apv_id=apv.pk, decision="approve", justification="Long enough it is.", reviewer=lead
        )
    writes = [one["sql"] for one in queries if not one["sql"].startswith(("SELECT", "BEGIN"))]
    tables = ("realtime_counter", "realtime_event", "audit_entry")
    assert all(table in sql for table, sql in zip(tables, writes[-4:-1], strict=True))
    assert not any("realtime_counter" in sql for sql in writes[:-4])
    assert writes[-1] == "COMMIT"
