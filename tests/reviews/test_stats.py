"""The numbers of the review."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from reviews import selectors, services, trends
from reviews.events import current_stats
from reviews.models import APV, Decision
from tests.support.site import apv

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Any:
    return get_user_model().objects.create_superuser("root", "root@example.com", "x")


def decide(reviewer: Any, kind: str, **fields: Any) -> Decision:
    one = APV.objects.create(**apv(**fields))
    return services.decide(
        apv_id=one.pk,
        decision=kind,
        justification="Looked at closely.",
        modifications={"a": 1},
        reviewer=reviewer,
    )


def test_nothing_to_compute_from_is_null() -> None:
    stats = selectors.review_stats()
    assert stats["pending_reviews"] == stats["total_decisions"] == stats["approved_count"] == 0
    for name in ("average_review_time_seconds", "median_review_time_seconds"):
        assert stats[name] is None
    assert stats["fastest_review_seconds"] is stats["slowest_review_seconds"] is None
    assert stats["human_ai_agreement_rate"] is stats["auto_merge_prevention_rate"] is None


def test_counts_by_verb_and_pending_by_severity(admin: Any) -> None:
    for kind, times in {"approve": 3, "reject": 2, "modify": 1, "escalate": 1}.items():
        for _ in range(times):
            decide(admin, kind)
    APV.objects.create(**apv(severity="CRITICAL"))
    APV.objects.create(**apv(severity="LOW"))
    stats = selectors.review_stats()
    assert [
        stats[f"{name}_count"] for name in ("approved", "rejected", "modified", "escalated")
    ] == [
        3,
        2,
        1,
        1,
    ]
    assert stats["total_decisions"] == stats["decisions_today"] == 7
    assert stats["decisions_this_week"] == 7
    assert stats["pending_reviews"] == 2
    assert [stats[f"{name}_pending"] for name in ("critical", "high", "medium", "low")] == [
        1,
        0,
        0,
        1,
    ]


def test_agreement_and_prevention_are_shares_of_what_they_compare(admin: Any) -> None:
    decide(admin, "approve")  # the machine would approve too
    decide(admin, "reject")  # the machine would have merged it
    decide(admin, "reject", wargame_verdict="failure")  # agreed
    decide(admin, "approve", validation_passed=False)  # the machine would not
    decide(admin, "escalate")  # prevented, and not compared
    stats = selectors.review_stats()
    assert stats["human_ai_agreement_rate"] == 2 / 4
    assert stats["auto_merge_prevention_rate"] == 2 / 5


@pytest.mark.django_db
def test_decision_without_an_opinion_of_the_machine_counts_as_neither(admin: Any) -> None:
    decide(admin, "approve", wargame_verdict="success", validation_passed=True)
    decide(admin, "reject", wargame_verdict=None, validation_passed=False)
    stats = selectors.review_stats()
    assert stats["total_decisions"] == 2
    assert stats["human_ai_agreement_rate"] == 1.0


def test_review_time_runs_from_creation_to_decision(admin: Any) -> None:
    for _ in range(3):
        decide(admin, "approve")
    seconds = sorted(Decision.objects.values_list("review_seconds", flat=True))
    stats = selectors.review_stats()
    assert stats["fastest_review_seconds"] == seconds[0]
    assert stats["median_review_time_seconds"] == seconds[1]
    assert stats["slowest_review_seconds"] == seconds[2]
    assert stats["average_review_time_seconds"] == pytest.approx(sum(seconds) / 3)


def test_message_carries_the_same_numbers_as_the_dashboard(admin: Any) -> None:
    decide(admin, "approve")
    APV.objects.create(**apv())
    stats, message = selectors.review_stats(), current_stats()
    for name in ("pending_reviews", "total_decisions", "decisions_today"):
        assert getattr(message, name) == stats[name]


def test_decision_that_was_taken_back_counts_nowhere(admin: Any) -> None:
    decide(admin, "approve")
    before = selectors.review_stats(), trends.days(), current_stats()
    for kind in ("approve", "reject", "modify", "escalate"):
        wrong = decide(admin, kind, severity="LOW")
        services.retract(decision_id=wrong.pk, by=admin, reason="The wrong one.")
    after = selectors.review_stats(), trends.days(), current_stats()
    assert after[1] == before[1]
    assert without_pending(after[0]) == without_pending(before[0])
    assert after[0]["low_pending"] == after[2].pending_reviews == 4
    assert (after[2].total_decisions, after[2].decisions_today) == (1, 1)


def without_pending(stats: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stats.items() if "pending" not in name}
