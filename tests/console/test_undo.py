"""Undo: the last decision, for some seconds after it was made."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from reviews.choices import EffectState, Status
from reviews.models import Retraction
from tests.support.effect_rows import apv_of_forge, decide, member, move
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import attribute, text_of

pytestmark = pytest.mark.django_db


def test_page_knows_the_last_decision_while_it_can_be_undone(
    rita: User, lena: User, settings: LazySettings
) -> None:
    first, second = apv_of_forge(7), apv_of_forge(8)
    decide(first, rita)
    decision = decide(second, rita, "reject")
    offered = attribute(signed_in(rita).get("/"), "undo")
    assert offered["decision"] == str(decision.pk)
    assert offered["text"] == (
        f"Your decision on {second.apv_code} is recorded: reject – "
        "pull request #8 is to be closed, unmerged."
    )
    assert signed_in(rita).get("/decisions/last").json() == {"undo": offered}
    assert signed_in(lena).get("/decisions/last").json() == {"undo": None}
    answer = signed_in(rita).post(offered["address"])
    assert answer.json() == {"undone": str(decision.pk)}
    assert Retraction.objects.get().reason == "Undone"
    assert attribute(signed_in(rita).get("/"), "undo") is None
    settings.HITL_UNDO_SECONDS = 0
    assert attribute(signed_in(rita).get("/"), "undo") is None


@pytest.mark.parametrize("kind", ["approve", "dismiss"])
def test_decision_that_is_left_to_others_can_be_undone_too(rita: User, kind: str) -> None:
    apv = new_apv(pr_number=None) if kind == "dismiss" else new_apv()
    decision = decide(apv, rita, kind)
    offered = attribute(signed_in(rita).get("/"), "undo")
    assert offered["decision"] == str(decision.pk)
    assert signed_in(rita).post(offered["address"]).status_code == 200
    apv.refresh_from_db()
    assert apv.status == Status.PENDING


def test_undo_that_comes_too_late_says_so(rita: User) -> None:
    decision = decide(apv_of_forge(), rita)
    move(decision, EffectState.QUEUED, EffectState.RUNNING)
    answer = signed_in(rita).post(f"/decisions/{decision.pk}/undo")
    assert answer.status_code == 409
    assert answer.json() == {"error": "It is too late: the effect is running."}
    assert attribute(signed_in(rita).get("/"), "undo") is None


def test_nobody_undoes_the_decision_of_somebody_else(rita: User) -> None:
    decision = decide(apv_of_forge(), rita)
    other = member("reviewers", "Olga Other")
    assert signed_in(other).post(f"/decisions/{decision.pk}/undo").status_code == 403
    assert signed_in(rita).get(f"/decisions/{decision.pk}/undo").status_code == 405
    assert not Retraction.objects.exists()


def test_no_bar_and_no_key_without_seconds_to_undo(rita: User, settings: LazySettings) -> None:
    help_of = "Undo your last decision, for 10 seconds"
    assert help_of in text_of(signed_in(rita).get("/"))
    settings.HITL_UNDO_SECONDS = 0
    decide(apv_of_forge(), rita)
    shown = text_of(signed_in(rita).get("/"))
    assert "Undo your last decision" not in shown
    assert 'data-undo="null"' in shown


def test_new_decision_is_known_to_stand_without_a_query(
    rita: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    decision = decide(apv_of_forge(), rita)
    with django_assert_num_queries(0):
        assert decision.retraction_or_none is None
