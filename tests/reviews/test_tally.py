"""Counters that triggers keep equal a count, for rows from any interface."""

import re
import statistics
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews import services, tally, trends
from reviews.choices import Severity, Status
from reviews.models import APV, Decision, Retraction
from tests.support.site import apv

pytestmark = pytest.mark.django_db

DECIDE = """
    INSERT INTO reviews_decision
        (decision_id, apv_id, decision, justification, confidence, modifications, reviewer_id,
         reviewer_name, reviewer_email, severity, patch_strategy, recommendation, diff_sha256,
         apv_version, review_seconds, action_taken, decided_at)
    SELECT gen_random_uuid(), apv_id, 'approve', 'long enough to stand', 1, '{}', %s, 'Ada', '',
           severity, patch_strategy, 'reject', '', version, %s * random() ^ 3, 'pr_merged',
           now() - random() * interval '20 days'
    FROM reviews_apv
"""


@pytest.fixture
def admin() -> Any:
    return get_user_model().objects.create_superuser("root", "root@example.com", "x")


def check() -> None:
    """Check that every counter equals a count."""
    pending = Counter(APV.objects.pending().values_list("severity", flat=True))
    assert tally.pending_by_severity() == {one: pending[one] for one in Severity.values}
    for status in Status.values:
        assert tally.apvs_in(status) == APV.objects.filter(status=status).count()
    standing = Decision.objects.standing()
    gone = Decision.objects.filter(retraction__isnull=False)
    for rows, counted in ((standing, tally.decided()), (gone, tally.retracted())):
        kinds = Counter(rows.values_list("decision", "recommendation"))
        for kind in counted:
            said = None if kind.recommendation == tally.NO_OPINION else kind.recommendation
            assert kind.count == kinds[kind.decision, said]
    assert (tally.decisions(), tally.records()) == (standing.count(), Decision.objects.count())
    today = timezone.now().date()
    for days in (0, 6, 30):
        first = today - timedelta(days=days)
        found = standing.filter(decided_at__date__gte=first).count()
        assert tally.decided_on(first, today) == found
    check_times(list(standing.values_list("review_seconds", flat=True)))


def check_times(seconds: list[float]) -> None:
    times = tally.review_times()
    if not seconds:
        assert times is None
        return
    assert times is not None
    assert (times.fastest, times.slowest) == (min(seconds), max(seconds))
    assert times.median == pytest.approx(statistics.median(seconds))
    assert times.average == pytest.approx(statistics.mean(seconds), abs=1e-6)


def test_counters_follow_every_door(admin: Any) -> None:
    check()
    added = services.add_apvs(apvs=[APV(**apv(severity=one)) for one in Severity.values * 3])
    check()
    for one, kind in zip(added, ("approve", "reject", "modify", "escalate"), strict=False):
        services.decide(
            apv_id=one.pk,
            decision=kind,
            justification="Looked at closely.",
            modifications={"version": 2},
            reviewer=admin,
        )
        check()
    APV.objects.filter(pk=added[-1].pk).update(severity="LOW", status="approved")
    check()
    added[-2].delete()
    check()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_apv SET priority = 1")
        cursor.execute("DELETE FROM reviews_apv WHERE apv_code = %s", [added[-3].apv_code])
    check()


def test_decision_that_was_taken_back_counts_as_none(admin: Any) -> None:
    kinds = ("approve", "reject", "modify", "escalate", "dismiss")
    for kind in kinds * 2:
        fields = {"pr_number": None, "pr_url": ""} if kind == "dismiss" else {}
        [one] = services.add_apvs(apvs=[APV(**apv(**fields))])
        services.decide(
            apv_id=one.pk,
            decision=kind,
            justification="Looked at closely.",
            modifications={"version": 2},
            reviewer=admin,
        )
    for decision in Decision.objects.all():
        services.retract(decision_id=decision.pk, by=admin, reason="The wrong one.")
        check()
    assert (tally.decisions(), tally.records()) == (0, 10)


def test_review_times_leave_out_what_was_taken_back(admin: Any) -> None:
    """Also where it is among others in one bucket, of which the middle one is looked up."""
    services.add_apvs(apvs=[APV(**apv()) for _ in range(30)])
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, [admin.pk, 1])
    for decision in Decision.objects.order_by("review_seconds")[::3]:
        Retraction.objects.create(
            decision=decision, reason="Wrong.", retracted_by=admin, retracted_by_name="Ada"
        )
    check()


@pytest.mark.parametrize("count", [1, 2, 999, 1000])
def test_review_times_are_exact_however_many(admin: Any, count: int) -> None:
    services.add_apvs(apvs=[APV(**apv()) for _ in range(count)])
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, [admin.pk, 3_000_000])
    check()


def test_numbers_read_no_row_of_the_decisions_that_they_count(admin: Any) -> None:
    services.add_apvs(apvs=[APV(**apv()) for _ in range(100)])
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, [admin.pk, 3_000])
    with CaptureQueriesContext(connection) as queries:
        tally.review_times()
        trends.days()
    read = [one["sql"] for one in queries if "review_seconds" in one["sql"]]
    assert len(read) == 5
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("DROP INDEX decision_verb")  # which would do for so few rows
        for sql in read:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert re.search("Index Only Scan using decision_(newest|review_time) ", plan), plan


@pytest.mark.django_db(transaction=True)
def test_review_times_that_were_changed_behind_the_counters_are_near(admin: Any) -> None:
    """As after a restore with triggers off: no page fails."""
    services.add_apvs(apvs=[APV(**apv()) for _ in range(3)])
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, [admin.pk, 100])
        median = statistics.median(Decision.objects.values_list("review_seconds", flat=True))
        cursor.execute("ALTER TABLE reviews_decision DISABLE TRIGGER USER")
        cursor.execute("UPDATE reviews_decision SET review_seconds = 3e6")
        cursor.execute("ALTER TABLE reviews_decision ENABLE TRIGGER USER")
    times = tally.review_times()
    assert times is not None
    width = 1.021 * (1 + median) - (1 + median)  # a bucket is a fiftieth of a logarithm wide
    assert times.median == pytest.approx(median, abs=width)


def test_what_is_rolled_back_was_never_counted(admin: Any) -> None:
    with transaction.atomic():
        APV.objects.create(**apv())
        transaction.set_rollback(True)
    check()


@pytest.mark.django_db(transaction=True)
def test_counters_of_an_emptied_table_are_gone(admin: Any) -> None:
    APV.objects.create(**apv())
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reviews_apv CASCADE")
    check()


def test_time_of_a_review_begins_before_a_decision_that_was_taken_back(
    admin: Any, settings: Any
) -> None:
    settings.HITL_UNDO_SECONDS = 60
    (made,) = services.add_apvs(apvs=[APV(**apv())])
    APV.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(seconds=5000))
    given = {"apv_id": made.pk, "reviewer": admin, "justification": "long enough"}
    decision = services.decide(**given, decision="approve")
    services.retract(decision_id=decision.pk, by=admin, reason="The wrong one.")
    assert services.decide(**given, decision="approve").review_seconds > 4999
