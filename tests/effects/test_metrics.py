"""What becomes of decisions is told to Prometheus, from the database."""

import math
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from reviews import services
from reviews.choices import EffectKind, EffectState
from reviews.effects.metrics import EffectCollector
from reviews.models import Effect
from tests.support.decided import Decided
from tests.support.forges import FakeGitHub
from tests.support.forges.http import answers

pytestmark = [pytest.mark.server, pytest.mark.django_db]

HOUR = timedelta(hours=1)


@pytest.fixture
def decided(github: FakeGitHub, db: None) -> Decided:
    return Decided(github)


def values(name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of one metric by the values of their labels."""
    found = [family for family in EffectCollector().collect() if family.name == name]
    return {tuple(one.labels.values()): one.value for family in found for one in family.samples
            if not one.name.endswith("_created")}  # fmt: skip


def effects() -> dict[tuple[str, ...], float]:
    return {labels: count for labels, count in values("hitl_effects").items() if count}


def attention() -> dict[str, float]:
    return {
        state: count
        for (state,), count in values("hitl_effects_needing_attention").items()
        if count
    }


def test_every_kind_and_state_is_there_from_the_start(db: None) -> None:
    counts = values("hitl_effects")
    assert set(counts) == set(product(EffectKind.values, EffectState.values))
    assert set(counts.values()) == {0}
    states = ("held", "queued", "running", "waiting")
    unfit = ("refused", "failed", *states)
    assert values("hitl_effects_needing_attention") == {(state,): 0 for state in unfit}
    assert values("hitl_effect_oldest_seconds") == {(state,): 0 for state in states}
    assert all(map(math.isnan, values("hitl_effect_seconds").values()))
    assert values("hitl_merges_around") == {(): 0}


def test_effects_are_counted_by_kind_and_state(decided: Decided) -> None:
    decided.decide("escalate")
    assert effects() == {("escalate", "queued"): 1}
    decided.attempt()
    decided.decide()
    assert effects() == {("escalate", "done"): 1, ("merge", "queued"): 1}
    decided.attempt()
    assert effects() == {("escalate", "done"): 1, ("merge", "done"): 1}


def test_oldest_is_as_old_as_it_is_late_in_each_state(decided: Decided) -> None:
    effect = decided.decide().effect
    Effect.objects.update(due_at=timezone.now() - HOUR)
    for state in (EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING):
        Effect.objects.filter(pk=effect.pk).update(state=state)
        found = values("hitl_effect_oldest_seconds")
        assert 3600 <= found.pop((state,)) < 3700
        assert set(found.values()) == {0}
    Effect.objects.update(state=EffectState.REFUSED)
    assert set(values("hitl_effect_oldest_seconds").values()) == {0}


def test_effect_that_may_still_be_taken_back_is_not_late(decided: Decided, settings: Any) -> None:
    settings.HITL_UNDO_SECONDS = 60
    decided.decide()
    assert values("hitl_effect_oldest_seconds")[("held",)] == 0
    Effect.objects.update(due_at=F("due_at") - HOUR)
    assert values("hitl_effect_oldest_seconds")[("held",)] > 3000


def test_effect_that_a_pipeline_carries_out_has_no_time_to_be_late(decided: Decided) -> None:
    decided.decide()
    Effect.objects.update(due_at=None, next_at=None)
    for state in (EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING):
        Effect.objects.update(state=state)
        assert set(values("hitl_effect_oldest_seconds").values()) == {0}


def test_seconds_are_those_of_the_last_hour_and_of_the_console(decided: Decided) -> None:
    decided.carry_out()
    Effect.objects.update(created_at=F("done_at") - timedelta(seconds=42))
    assert values("hitl_effect_seconds") == {("0.5",): 42, ("0.99",): 42}
    Effect.objects.update(changed_at=timezone.now() - 2 * HOUR)
    assert all(map(math.isnan, values("hitl_effect_seconds").values()))
    Effect.objects.update(changed_at=timezone.now(), due_at=None)  # a pipeline did it
    assert all(map(math.isnan, values("hitl_effect_seconds").values()))


def test_what_did_not_happen_needs_attention_until_it_is_settled(decided: Decided) -> None:
    decided.decide("reject")
    decided.fake.fault(reply=answers(410), times=9)
    assert decided.attempt().state == "refused"
    assert attention() == {"refused": 1}
    services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)
    assert attention() == {}


def test_what_comes_back_to_the_queue_needs_no_other_attention(decided: Decided) -> None:
    decided.decide()
    decided.fake.push(decided.pull, {"package.json": "{}\n"}, force=True)
    assert decided.attempt().state == "refused"
    decided.read()
    assert decided.apv.status == "pending"
    assert attention() == {}


def test_an_escalation_that_was_decided_needs_no_attention(decided: Decided) -> None:
    decided.decide("escalate")
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    decided.fake.fault(reply=answers(500))
    assert decided.attempt().state == "failed"
    assert attention() == {"failed": 1}
    decided.carry_out()
    assert attention() == {}


def test_what_waits_for_over_an_hour_needs_attention(decided: Decided) -> None:
    decided.pull.repo.required = ("build",)
    decided.fake.add_check(decided.pull.repo, decided.pull.head_sha, "build", "pending")
    assert decided.carry_out().state == "waiting"
    assert attention() == {}
    Effect.objects.update(due_at=F("due_at") - HOUR)
    assert attention() == {"waiting": 1}


def test_merge_that_nobody_approved_is_counted(decided: Decided) -> None:
    decided.fake.merge(decided.pull, by="somebody")
    decided.read()
    decided.read()
    assert values("hitl_merges_around") == {(): 1}


def test_merge_of_the_approved_commit_is_no_merge_around_the_console(decided: Decided) -> None:
    decided.carry_out()
    decided.read()
    assert values("hitl_merges_around") == {(): 0}
