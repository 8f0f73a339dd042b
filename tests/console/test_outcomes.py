"""What has become of decisions: at the decision, in the lists, and what can be done about it."""

import re
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState, Status
from reviews.console.export import read_piece
from reviews.models import APV, Decision, Effect, Retraction
from tests.support.effect_rows import MERGED, REFUSAL, apv_of_forge, decide, member, move, refuse
from tests.support.forge_rows import tell
from tests.support.in_process import new_apv
from tests.support.pages import attribute, codes_on, text_of

pytestmark = pytest.mark.django_db

HELD, QUEUED, RUNNING, WAITING, DONE, FAILED = (
    *(EffectState.HELD, EffectState.QUEUED, EffectState.RUNNING),
    *(EffectState.WAITING, EffectState.DONE, EffectState.FAILED),
)
SCRIPT = "<script>alert(1)</script>\u202e"


@pytest.fixture
def rita() -> User:
    return member("reviewers")


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def plain(answer: Any) -> str:
    """Return a page without its elements."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text_of(answer)))


def page(user: User, apv: APV) -> str:
    return plain(client_of(user).get(f"/apvs/{apv.apv_code}"))


# -- At the decision --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "asked", "running", "done", "stopped"),
    [
        (
            "approve",
            "Pull request #7 is to be merged",
            "Pull request #7 is being merged",
            "Pull request #7 is merged",
            "Pull request #7 was not merged",
        ),
        (
            "reject",
            "Pull request #7 is to be closed, unmerged",
            "Pull request #7 is being closed",
            "Pull request #7 is closed, unmerged",
            "Pull request #7 was not closed",
        ),
        (
            "modify",
            "Changes are to be requested on pull request #7",
            "Changes are being requested on pull request #7",
            "Changes are requested on pull request #7",
            "Changes were not requested on pull request #7",
        ),
        (
            "escalate",
            "The escalation is to be noted on pull request #7",
            "The escalation is being noted on pull request #7",
            "The escalation is noted on pull request #7",
            "The escalation was not noted on pull request #7",
        ),
    ],
)
def test_page_says_of_each_kind_only_what_is_true_in_each_state(
    rita: User, kind: str, asked: str, running: str, done: str, stopped: str
) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita, kind)
    every = {asked, running, done, stopped}

    def says_only(sentence: str) -> None:
        shown = page(rita, apv)
        assert sentence in shown
        assert {one for one in every - {sentence} if one in shown} == set()

    says_only(asked)
    move(decision, QUEUED)
    says_only(asked)
    move(decision, RUNNING, attempts=1, next_at=timezone.now())
    says_only(running)
    move(decision, WAITING, answer="a check runs")
    says_only(asked)
    move(decision, RUNNING, FAILED, answer="it answered 503", next_at=None)
    says_only(stopped)
    move(decision, QUEUED, RUNNING, answer="")
    move(decision, DONE, merged_commit=MERGED if kind == "approve" else "", next_at=None)
    says_only(done)


def test_held_decision_says_for_how_long(rita: User, settings: LazySettings) -> None:
    settings.HITL_UNDO_SECONDS = 40
    apv = apv_of_forge()
    decision = decide(apv, rita)
    shown = page(rita, apv)
    assert re.search(r"Pull request #7 is to be merged in (40|39|38) s", shown)
    Effect.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert "is to be merged in" not in page(rita, apv)
    assert decision.effect.held_until


def test_merge_names_the_commit_and_links_it(rita: User) -> None:
    apv = apv_of_forge()
    move(decide(apv, rita), QUEUED, RUNNING, DONE, merged_commit=MERGED)
    address = f"https://git.example.com/shop/web/commit/{MERGED}"
    raw = client_of(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    assert raw.count(f'href="{address}"') == 2  # at the decision and in the history
    assert "Pull request #7 is merged as 4f2c9d31b7" in page(rita, apv)


def test_waiting_says_for_what_and_when_it_is_tried_again(rita: User) -> None:
    apv = apv_of_forge()
    again = timezone.now() + timedelta(minutes=4)
    decision = decide(apv, rita)
    move(decision, QUEUED, RUNNING)
    move(decision, WAITING, answer="Required check “build” is expected.", attempts=3, next_at=again)
    shown = page(rita, apv)
    assert "It waits: Required check “build” is expected." in shown
    assert f"Tried 3 times, next at {again:%Y-%m-%d %H:%M} UTC" in shown


def test_merge_whose_answer_was_lost_is_not_said_to_go_on(rita: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    again = timezone.now() + timedelta(minutes=1)
    move(decision, QUEUED, RUNNING, answer="no answer came", attempts=1, next_at=again)
    shown = page(rita, apv)
    assert "Whether it happened is not known yet: no answer came" in shown
    assert "is being merged" not in shown
    Effect.objects.update(next_at=timezone.now())  # as the next attempt begins
    shown = page(rita, apv)
    assert "Pull request #7 is being merged" in shown
    assert "The last time: no answer came" in shown


def test_what_a_forge_or_a_person_says_is_text(rita: User, lena: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    refuse(decision, answer=SCRIPT)
    for path in (f"/apvs/{apv.apv_code}", "/?status=attention", "/?status=decided"):
        raw = client_of(lena).get(path).content.decode()
        assert "<script>alert" not in raw
        assert "\u202e" not in raw
        assert "alert(1)" in raw
    services.retract(decision_id=decision.pk, by=lena, reason=SCRIPT)
    raw = client_of(lena).get(f"/apvs/{apv.apv_code}").content.decode()
    assert "alert(1)" in raw
    assert "<script>alert" not in raw
    assert "\u202e" not in raw


def test_decision_left_to_a_pipeline_says_so_and_then_what_that_reported(rita: User) -> None:
    apv = new_apv()
    decision = decide(apv, rita)
    assert "Pull request #7 is to be merged, which is left to a pipeline" in page(rita, apv)
    pipeline = member("pipelines", "Pia Pipeline")
    services.report_outcome(
        decision_id=decision.pk,
        by=pipeline,
        outcome="failed",
        notes="The tests failed.",
        url="https://ci.example.com/runs/1",
    )
    shown = page(rita, apv)
    assert "A pipeline reported that it failed The tests failed." in shown
    raw = client_of(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    assert 'href="https://ci.example.com/runs/1"' in raw
    assert "is to be merged" not in shown


def test_part_with_an_outcome_is_for_those_who_see_decisions(rita: User, lena: User) -> None:
    decision = decide(apv_of_forge(), rita)
    refuse(decision)
    path = f"/decisions/{decision.pk}/outcome"
    assert "was not merged" in plain(client_of(rita).get(path))
    assert "Try again" in plain(client_of(lena).get(path))
    pipeline = client_of(member("pipelines", "Pia Pipeline"))
    assert pipeline.get(path).status_code == 403
    assert pipeline.get("/?status=attention").status_code == 403
    shown = pipeline.get("/").content.decode()
    assert "attention" not in shown
    assert pipeline.get("/queue/counts").json()["attention"] == 0


# -- Trying again, and opening again ----------------------------------------------------------


def test_lead_has_a_refused_decision_tried_again(rita: User, lena: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    refuse(decision)
    path = f"/decisions/{decision.pk}/try-again"
    assert path not in client_of(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    refused = client_of(rita).post(path)
    assert refused.status_code == 403
    assert "Only leads have a decision carried out again." in text_of(refused)
    assert path in client_of(lena).get(f"/apvs/{apv.apv_code}").content.decode()
    answer = client_of(lena).post(f"{path}?status=attention")
    assert answer.headers["Location"] == f"/apvs/{apv.apv_code}?status=attention"
    decision.effect.refresh_from_db()
    assert decision.effect.state == QUEUED
    late = client_of(lena).post(path, headers={"HX-Request": "true"})
    assert late.status_code == 409
    assert "What became of it is settled: queued." in text_of(late)
    assert 'id="reading"' in late.content.decode()


def test_opening_again_asks_for_a_reason_and_puts_the_apv_back(rita: User, lena: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    refuse(decision)
    path = f"/decisions/{decision.pk}/retract"
    assert "Open again" in page(rita, apv)
    assert "Open again" not in page(member("observers", "Otto Observer"), apv)
    empty = client_of(lena).post(path, {"reason": "  "})
    assert empty.status_code == 400
    assert "characters." in plain(empty)
    answer = client_of(lena).post(path, {"reason": "Another registry."})
    assert answer.status_code == 302
    shown = page(rita, apv)
    assert "Approved by Rita Reviewer on revision 1, taken back since." in shown
    assert re.search(r"Taken back by Lena Lead, \S+ \S+ UTC: Another registry\.", shown)
    assert "was not merged" not in shown
    assert codes_on(client_of(rita).get("/")) == [apv.apv_code]
    late = client_of(lena).post(path, {"reason": "Once more."})
    assert late.status_code == 409
    assert "It was taken back already." in text_of(late)


def test_decision_that_is_carried_out_cannot_be_taken_back(rita: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    assert "Take back" in page(rita, apv)
    move(decision, QUEUED, RUNNING, DONE, merged_commit=MERGED)
    assert "Take back" not in page(rita, apv)


def test_refused_merge_of_another_head_stands_with_the_new_revision(rita: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    assert apv.pull_request
    tell(apv.pull_request, head_sha="c" * 40, diff=apv.patch_diff.replace("4.17.21", "4.17.22"))
    apv.refresh_from_db()
    decision.effect.refresh_from_db()
    assert (apv.status, decision.effect.state) == (Status.PENDING, EffectState.REFUSED)
    raw = client_of(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    assert "Pull request #7 was not merged" in plain(client_of(rita).get(f"/apvs/{apv.apv_code}"))
    assert f'href="/apvs/{apv.apv_code}/since/1"' in raw
    assert "is to be merged" not in page(rita, apv).partition("Decide ")[0]
    assert codes_on(client_of(rita).get("/?status=attention")) == []


# -- Undo -------------------------------------------------------------------------------------


def test_page_knows_the_last_decision_while_it_can_be_undone(
    rita: User, lena: User, settings: LazySettings
) -> None:
    first, second = apv_of_forge(7), apv_of_forge(8)
    decide(first, rita)
    decision = decide(second, rita, "reject")
    offered = attribute(client_of(rita).get("/"), "undo")
    assert offered["decision"] == str(decision.pk)
    assert offered["text"] == (
        f"Your decision on {second.apv_code} is recorded: reject – "
        "pull request #8 is to be closed, unmerged."
    )
    assert client_of(rita).get("/decisions/last").json() == {"undo": offered}
    assert client_of(lena).get("/decisions/last").json() == {"undo": None}
    answer = client_of(rita).post(offered["address"])
    assert answer.json() == {"undone": str(decision.pk)}
    assert Retraction.objects.get().reason == "Undone"
    assert attribute(client_of(rita).get("/"), "undo") is None
    settings.HITL_UNDO_SECONDS = 0
    assert attribute(client_of(rita).get("/"), "undo") is None


@pytest.mark.parametrize("kind", ["approve", "dismiss"])
def test_decision_that_is_left_to_others_can_be_undone_too(rita: User, kind: str) -> None:
    apv = new_apv(pr_number=None) if kind == "dismiss" else new_apv()
    decision = decide(apv, rita, kind)
    offered = attribute(client_of(rita).get("/"), "undo")
    assert offered["decision"] == str(decision.pk)
    assert client_of(rita).post(offered["address"]).status_code == 200
    apv.refresh_from_db()
    assert apv.status == Status.PENDING


def test_undo_that_comes_too_late_says_so(rita: User) -> None:
    decision = decide(apv_of_forge(), rita)
    move(decision, QUEUED, RUNNING)
    answer = client_of(rita).post(f"/decisions/{decision.pk}/undo")
    assert answer.status_code == 409
    assert answer.json() == {"error": "It is too late: the effect is running."}
    assert attribute(client_of(rita).get("/"), "undo") is None


def test_nobody_undoes_the_decision_of_somebody_else(rita: User) -> None:
    decision = decide(apv_of_forge(), rita)
    other = member("reviewers", "Olga Other")
    assert client_of(other).post(f"/decisions/{decision.pk}/undo").status_code == 403
    assert client_of(rita).get(f"/decisions/{decision.pk}/undo").status_code == 405
    assert not Retraction.objects.exists()


def test_no_bar_and_no_key_without_seconds_to_undo(rita: User, settings: LazySettings) -> None:
    help_of = "Undo your last decision, for 10 seconds"
    assert help_of in text_of(client_of(rita).get("/"))
    settings.HITL_UNDO_SECONDS = 0
    decide(apv_of_forge(), rita)
    shown = text_of(client_of(rita).get("/"))
    assert "Undo your last decision" not in shown
    assert 'data-undo="null"' in shown


# -- Needs attention --------------------------------------------------------------------------


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
    answer = client_of(lena).get("/?status=attention")
    assert codes_on(answer) == [late.apv_code, refused.apv_code]
    assert client_of(lena).get("/queue/counts?status=attention").json()["attention"] == 2
    assert client_of(lena).get("/queue/counts?status=attention").json()["found"] == 2
    head = text_of(answer).partition("</header>")[0]
    assert re.search(r'id="attention"[^>]*>.*data-count="2"', head)
    assert REFUSAL in text_of(answer)


def test_list_without_rows_says_when_it_has_some(lena: User) -> None:
    answer = client_of(lena).get("/?status=attention")
    assert "Nothing needs attention" in text_of(answer)
    assert "Decisions appear here if the forge refuses them" in text_of(answer)
    head = text_of(answer).partition("</header>")[0]
    assert re.search(r'id="attention"[^>]* hidden>', head)


def test_list_is_searched_narrowed_and_exported_like_the_decided_one(lena: User) -> None:
    first, second = apv_of_forge(7), apv_of_forge(8)
    refuse(decide(first, lena))
    refuse(decide(second, lena, "reject"))
    move(decide(apv_of_forge(9), lena), QUEUED, RUNNING, DONE, merged_commit=MERGED)
    client = client_of(lena)
    assert codes_on(client.get("/?status=attention&decision=reject")) == [second.apv_code]
    search = client.get(f"/?status=attention&search={first.apv_code}")
    assert codes_on(search) == [first.apv_code]
    assert 'href="/decisions.csv?status=attention"' in text_of(client.get("/?status=attention"))
    with mock.patch("reviews.console.views.stream", return_value=[""]) as stream:
        client.get("/decisions.csv?status=attention")
    assert {one.apv for one in stream.call_args.args[0]} == {first, second}


def test_rows_of_decisions_are_read_by_their_ids(lena: User) -> None:
    decision = decide(apv_of_forge(), lena)
    client = client_of(lena)
    rows = client.get(f"/queue/rows?status=decided&ids={decision.pk}")
    assert "held" in plain(rows)
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
    rows = plain(client_of(lena).get("/?status=decided")).partition("Outcome")[2]
    assert word in rows


def test_lists_of_decisions_take_as_many_queries_for_many_rows_as_for_one(lena: User) -> None:
    client = client_of(lena)
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
