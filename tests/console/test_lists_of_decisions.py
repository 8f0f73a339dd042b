"""The lists of decisions: what became of each, and which of them need attention."""

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState
from reviews.console.export import read_piece
from reviews.models import Decision, Effect
from tests.support.effect_rows import MERGED, REFUSAL, apv_of_forge, decide, move, refuse
from tests.support.forge_rows import tell
from tests.support.in_process import signed_in
from tests.support.pages import codes_on, plain_text_of, text_of

pytestmark = pytest.mark.django_db

QUEUED, RUNNING, WAITING, DONE, FAILED = (
    *(EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING),
    *(EffectState.DONE, EffectState.FAILED),
)


def overdue(decision: Decision) -> Effect:
    """Let an effect have been due for more than an hour."""
    effect = move(decision, QUEUED, RUNNING, WAITING, answer="a check runs")
    Effect.objects.filter(pk=effect.pk).update(due_at=timezone.now() - timedelta(minutes=61))
    return effect


def test_list_holds_what_was_not_carried_out_and_is_still_wanted(rita: User, lena: User) -> None:
    fine, refused, late, external, open_again, moved = (apv_of_forge(n) for n in range(7, 13))
    move(decide(fine, rita), QUEUED, RUNNING, DONE, merged_commit=MERGED)
    refuse(decide(refused, rita))
    overdue(decide(late, rita))
    assert external.pull_request
    decide(external, rita)
    again = decide(open_again, rita)
    refuse(again)
    services.retract(decision_id=again.pk, by=rita, reason="Another registry.")
    refuse(decide(moved, rita))
    assert moved.pull_request
    tell(moved.pull_request, head_sha="c" * 40, diff=moved.patch_diff.replace("21", "22"))
    answer = signed_in(lena).get("/?status=attention")
    assert codes_on(answer) == [late.apv_code, refused.apv_code]
    assert signed_in(lena).get("/queue/counts?status=attention").json()["attention"] == 2
    assert signed_in(lena).get("/queue/counts?status=attention").json()["found"] == 2
    head = text_of(answer).partition("</header>")[0]
    assert re.search(r'id="attention"[^>]*>.*data-count="2"', head)
    assert REFUSAL in text_of(answer)


def test_list_without_rows_says_when_it_has_some(lena: User) -> None:
    answer = signed_in(lena).get("/?status=attention")
    assert "Nothing needs attention" in text_of(answer)
    assert "Decisions appear here if the forge refuses them" in text_of(answer)
    head = text_of(answer).partition("</header>")[0]
    assert re.search(r'id="attention"[^>]* hidden>', head)


def test_list_is_searched_narrowed_and_exported_like_the_decided_one(lena: User) -> None:
    first, second = apv_of_forge(7), apv_of_forge(8)
    refuse(decide(first, lena))
    refuse(decide(second, lena, "reject"))
    move(decide(apv_of_forge(9), lena), QUEUED, RUNNING, DONE, merged_commit=MERGED)
    client = signed_in(lena)
    assert codes_on(client.get("/?status=attention&decision=reject")) == [second.apv_code]
    search = client.get(f"/?status=attention&search={first.apv_code}")
    assert codes_on(search) == [first.apv_code]
    assert 'href="/decisions.csv?status=attention"' in text_of(client.get("/?status=attention"))
    with mock.patch("reviews.console.views.stream", return_value=[""]) as stream:
        client.get("/decisions.csv?status=attention")
    assert {one.apv for one in stream.call_args.args[0]} == {first, second}


def test_rows_of_decisions_are_read_by_their_ids(lena: User) -> None:
    decision = decide(apv_of_forge(), lena)
    client = signed_in(lena)
    rows = client.get(f"/queue/rows?status=decided&ids={decision.pk}")
    assert "held" in plain_text_of(rows)
    assert codes_on(client.get(f"/queue/rows?status=attention&ids={decision.pk}")) == []
    refuse(decision)
    assert codes_on(client.get(f"/queue/rows?status=attention&ids={decision.pk}")) != []


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ((QUEUED,), "queued"),
        ((QUEUED, RUNNING), "being carried out"),
        ((QUEUED, RUNNING, WAITING), "waiting"),
        ((QUEUED, RUNNING, EffectState.REFUSED), "refused"),
        ((QUEUED, RUNNING, FAILED), "failed"),
        ((EffectState.CANCELLED,), "taken back"),
        ((QUEUED, RUNNING, DONE), "merged 4f2c9d3"),
    ],
)
def test_decided_list_says_what_became_of_each(
    lena: User, states: tuple[EffectState, ...], word: str
) -> None:
    move(decide(apv_of_forge(), lena), *states, merged_commit=MERGED)
    rows = plain_text_of(signed_in(lena).get("/?status=decided")).partition("Outcome")[2]
    assert word in rows


def test_lists_of_decisions_take_as_many_queries_for_many_rows_as_for_one(lena: User) -> None:
    client = signed_in(lena)
    refuse(decide(apv_of_forge(7), lena))

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    paths = ("/queue?status=decided", "/queue?status=attention")
    one = {path: queries(path) for path in paths}
    for number in range(8, 14):
        refuse(decide(apv_of_forge(number), lena))
    assert {path: queries(path) for path in paths} == one
    with CaptureQueriesContext(connection) as captured:
        assert len(read_piece(Decision.objects.all(), None)[0]) == 7
    assert len(captured) == 1
