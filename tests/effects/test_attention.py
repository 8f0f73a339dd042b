"""What needs attention is found among all effects, and only while it is wanted."""

import importlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState
from reviews.console.listings import ATTENTION, entries
from reviews.decision_kinds import DecisionKind
from reviews.effects.attention import needing_attention
from reviews.models import APV, Decision, Effect
from tests.support.effect_rows import apv_of_forge, decide, member, move, refuse
from tests.support.forge_rows import tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")


def unfit() -> list[Decision]:
    return [effect.decision for effect in needing_attention()]


@pytest.mark.parametrize("state", [EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING])
def test_what_is_open_needs_attention_after_an_hour(lena: User, state: EffectState) -> None:
    decision = decide(apv_of_forge(), lena)
    path = [EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING]
    move(decision, *path[: path.index(state) + 1])
    Effect.objects.update(due_at=timezone.now() - timedelta(minutes=59))
    assert unfit() == []
    Effect.objects.update(due_at=timezone.now() - timedelta(minutes=61))
    assert unfit() == [decision]


def test_nobody_needs_to_look_at_a_decision_that_another_one_followed(lena: User) -> None:
    apv = apv_of_forge()
    refuse(decide(apv, lena, "escalate"))
    assert len(unfit()) == 1
    decide(APV.objects.with_pull_request().get(), lena)
    assert unfit() == []


def test_nobody_needs_to_look_at_what_was_pushed_or_taken_back(lena: User) -> None:
    pushed, taken_back = apv_of_forge(7), apv_of_forge(8)
    refuse(decide(pushed, lena))
    decision = decide(taken_back, lena)
    refuse(decision)
    assert len(unfit()) == 2
    assert pushed.pull_request
    tell(pushed.pull_request, head_sha="c" * 40, diff=pushed.patch_diff.replace("21", "22"))
    services.retract(decision_id=decision.pk, by=lena, reason="Another registry.")
    assert unfit() == []
    assert not entries(ATTENTION).exists()


def test_what_was_superseded_stays_so_whoever_saves_an_older_copy(lena: User) -> None:
    apv = apv_of_forge()
    refuse(decide(apv, lena))
    older = Effect.objects.get()
    assert apv.pull_request
    tell(apv.pull_request, head_sha="c" * 40, diff=apv.patch_diff.replace("21", "22"))
    older.save()
    assert Effect.objects.get().superseded


def test_outcomes_are_those_of_the_migration() -> None:
    migration = importlib.import_module("reviews.migrations.0010_superseded_effects")
    assert {kind.value: kind.traits.outcome for kind in DecisionKind} == migration.OUTCOMES


def test_index_finds_what_needs_attention() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = needing_attention().explain()
    assert "effect_in_force" in plan
    assert "Seq Scan" not in plan
