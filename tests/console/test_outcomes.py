"""What has become of decisions, at the decision, and what can be done about it."""

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState, Status
from reviews.models import APV, Effect
from tests.support.effect_rows import MERGED, apv_of_forge, decide, member, move, refuse
from tests.support.forge_rows import tell
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import codes_on, plain_text_of, text_of

pytestmark = pytest.mark.django_db

QUEUED, RUNNING, WAITING, DONE, FAILED = (
    *(EffectState.QUEUED, EffectState.RUNNING, EffectState.WAITING),
    *(EffectState.DONE, EffectState.FAILED),
)
SCRIPT = "<script>alert(1)</script>\u202e"


def page(user: User, apv: APV) -> str:
    return plain_text_of(signed_in(user).get(f"/apvs/{apv.apv_code}"))


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
    raw = signed_in(rita).get(f"/apvs/{apv.apv_code}").content.decode()
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
        raw = signed_in(lena).get(path).content.decode()
        assert "<script>alert" not in raw
        assert "\u202e" not in raw
        assert "alert(1)" in raw
    services.retract(decision_id=decision.pk, by=lena, reason=SCRIPT)
    raw = signed_in(lena).get(f"/apvs/{apv.apv_code}").content.decode()
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
    raw = signed_in(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    assert 'href="https://ci.example.com/runs/1"' in raw
    assert "is to be merged" not in shown


def test_part_with_an_outcome_is_for_those_who_see_decisions(rita: User, lena: User) -> None:
    decision = decide(apv_of_forge(), rita)
    refuse(decision)
    path = f"/decisions/{decision.pk}/outcome"
    assert "was not merged" in plain_text_of(signed_in(rita).get(path))
    assert "Try again" in plain_text_of(signed_in(lena).get(path))
    pipeline = signed_in(member("pipelines", "Pia Pipeline"))
    assert pipeline.get(path).status_code == 403
    assert pipeline.get("/?status=attention").status_code == 403
    shown = pipeline.get("/").content.decode()
    assert "status=attention" not in shown
    assert pipeline.get("/queue/counts").json()["attention"] == 0


# -- Trying again, and opening again ----------------------------------------------------------


def test_lead_has_a_refused_decision_tried_again(rita: User, lena: User) -> None:
    apv = apv_of_forge()
    decision = decide(apv, rita)
    refuse(decision)
    path = f"/decisions/{decision.pk}/try-again"
    assert path not in signed_in(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    refused = signed_in(rita).post(path)
    assert refused.status_code == 403
    assert "Only leads have a decision carried out again." in text_of(refused)
    assert path in signed_in(lena).get(f"/apvs/{apv.apv_code}").content.decode()
    answer = signed_in(lena).post(f"{path}?status=attention")
    assert answer.headers["Location"] == f"/apvs/{apv.apv_code}?status=attention"
    decision.effect.refresh_from_db()
    assert decision.effect.state == QUEUED
    late = signed_in(lena).post(path, headers={"HX-Request": "true"})
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
    empty = signed_in(lena).post(path, {"reason": "  "})
    assert empty.status_code == 400
    assert "characters." in plain_text_of(empty)
    answer = signed_in(lena).post(path, {"reason": "Another registry."})
    assert answer.status_code == 302
    shown = page(rita, apv)
    assert "Approved by Rita Reviewer on revision 1, taken back since." in shown
    assert re.search(r"Taken back by Lena Lead, \S+ \S+ UTC: Another registry\.", shown)
    assert "was not merged" not in shown
    assert codes_on(signed_in(rita).get("/")) == [apv.apv_code]
    late = signed_in(lena).post(path, {"reason": "Once more."})
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
    raw = signed_in(rita).get(f"/apvs/{apv.apv_code}").content.decode()
    assert "Pull request #7 was not merged" in plain_text_of(
        signed_in(rita).get(f"/apvs/{apv.apv_code}")
    )
    assert f'href="/apvs/{apv.apv_code}/since/1"' in raw
    assert "is to be merged" not in page(rita, apv).partition("Decide ")[0]
    assert codes_on(signed_in(rita).get("/?status=attention")) == []
