"""Which state of an effect may follow which: one table, and the database holds it."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState
from reviews.effects.states import FIRST, FOLLOWING, OPEN, STOPPED, UNBEGUN
from reviews.models import APV, Decision, Effect
from tests.support.effect_states import way_to
from tests.support.site import apv

pytestmark = pytest.mark.django_db

MOVE = """
UPDATE reviews_effect SET state = %s, done_at = CASE WHEN %s = 'done' THEN now() END
WHERE decision_id = %s
"""
MAKE = """
INSERT INTO reviews_effect
    (id, decision_id, kind, state, head_commit, attempts, in_merge_queue, answer, merged_commit,
     outcome_url, created_at, changed_at, done_at)
VALUES (gen_random_uuid(), %s, 'merge', %s, '', 0, false, '', '', '', now(), now(),
        CASE WHEN %s = 'done' THEN now() END)
"""


@pytest.fixture
def decision() -> Decision:
    """Store a decision without an effect: that of a dismissal, which has nothing to carry out."""
    one = APV.objects.create(**apv(pr_number=None, pr_url=""))
    root = get_user_model().objects.create_superuser("root", "", "x")
    given: Any = {"decision": "dismiss", "justification": "Nothing to be done."}
    return services.decide(apv_id=one.pk, reviewer=root, **given)


def works(sql: str, *parameters: Any) -> bool:
    """Return whether the database takes a statement; if so, leave it done."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
    except DatabaseError:
        return False
    return True


def test_table_has_every_state() -> None:
    assert set(FOLLOWING) == set(EffectState)
    ends = {state for state, following in FOLLOWING.items() if not following}
    assert {*OPEN, *STOPPED, EffectState.EXTERNAL, *ends} == set(EffectState)
    for state in EffectState:
        assert way_to(state)


def test_what_is_unbegun_or_stopped_can_be_taken_back_and_nothing_that_may_have_happened() -> None:
    cancellable = {one for one in EffectState if EffectState.CANCELLED in FOLLOWING[one]}
    assert cancellable == {*UNBEGUN, *STOPPED, EffectState.EXTERNAL}


@pytest.mark.parametrize("state", EffectState)
def test_database_lets_exactly_those_follow_that_the_table_names(
    decision: Decision, state: EffectState
) -> None:
    first, *rest = way_to(state)
    assert works(MAKE, decision.pk, first, first)
    for one in rest:
        assert works(MOVE, one, one, decision.pk)
    for target in EffectState:
        allowed = target == state or target in FOLLOWING[state]
        with transaction.atomic():
            assert works(MOVE, target, target, decision.pk) == allowed, target
            transaction.set_rollback(True)


@pytest.mark.parametrize("state", EffectState)
def test_effect_begins_in_a_first_state(decision: Decision, state: EffectState) -> None:
    assert works(MAKE, decision.pk, state, state) == (state in FIRST)


@pytest.mark.parametrize("state", EffectState)
def test_model_lets_the_same_ones_follow(decision: Decision, state: EffectState) -> None:
    for target in EffectState:
        effect = Effect(decision=decision, kind="merge", state=state)
        effect._state.adding = False
        if target == state or target in FOLLOWING[state]:
            effect.change_state(target, timezone.now())
            assert (effect.done_at is not None) == (target == EffectState.DONE)
        else:
            with pytest.raises(ValidationError, match=f"is {state} cannot become {target}"):
                effect.change_state(target, timezone.now())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reviews_effect SET kind = 'close' WHERE decision_id = %s",
        "UPDATE reviews_effect SET head_commit = repeat('b', 40) WHERE decision_id = %s",
        "UPDATE reviews_effect SET id = gen_random_uuid() WHERE decision_id = %s",
        "UPDATE reviews_effect SET done_at = now() WHERE decision_id = %s",
        "DELETE FROM reviews_effect WHERE decision_id = %s",
    ],
)
def test_what_an_effect_is_to_do_is_never_edited_and_none_is_deleted(
    decision: Decision, change: str
) -> None:
    assert works(MAKE, decision.pk, "held", "held")
    assert not works(change, decision.pk)


def test_retraction_is_never_edited_or_deleted(decision: Decision) -> None:
    [root] = get_user_model().objects.all()
    made = works(
        "INSERT INTO reviews_retraction"
        " (decision_id, reason, retracted_by_id, retracted_by_name, retracted_at)"
        " VALUES (%s, 'Wrong.', %s, 'Ada', now())",
        decision.pk,
        root.pk,
    )
    assert made
    assert not works("UPDATE reviews_retraction SET reason = 'Another one.'")
    assert not works("DELETE FROM reviews_retraction")


@pytest.mark.parametrize("field", ["answer", "merged_commit", "outcome_url", "attempts", "done_at"])
def test_what_came_of_an_effect_is_never_edited(decision: Decision, field: str) -> None:
    assert works(MAKE, decision.pk, "held", "held")
    for state in ("queued", "running", "done"):
        assert works(MOVE, state, state, decision.pk)
    other = {"attempts": "7", "done_at": "now() + interval '1 hour'"}.get(field, "'another'")
    assert not works(f"UPDATE reviews_effect SET {field} = {other} WHERE decision_id = %s",
                     decision.pk)  # fmt: skip
    assert works("UPDATE reviews_effect SET in_merge_queue = false WHERE decision_id = %s",
                 decision.pk)  # fmt: skip
