"""Deciding in the console: the form, its question, the answer, and what is refused."""

import html
import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from reviews import services
from reviews.models import APV, ILLUSTRATIVE, Decision
from tests.support.forms import fields_of
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import JUSTIFICATION, ask, codes_on, decide, text_of
from tests.support.policies import policy

pytestmark = pytest.mark.django_db


def test_decision_by_form_is_recorded_and_leads_back_to_the_queue(reviewer):
    apv = new_apv()
    answer = decide(reviewer, apv)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    decision = Decision.objects.get()
    assert (decision.decision, decision.reviewer_name) == ("approve", "Rita Reviewer")
    assert (decision.justification, decision.confidence) == (JUSTIFICATION, 0.9)
    assert codes_on(reviewer.get("/queue")) == []


@pytest.mark.parametrize(
    ("kind", "follows"),
    [
        ("approve", "pull request #7 is to be merged"),
        ("reject", "pull request #7 is to be closed, unmerged"),
        ("modify", "changes are requested"),
        ("escalate", "a lead is to decide"),
    ],
)
def test_page_claims_only_what_a_decision_asks_for(reviewer, kind, follows):
    apv = new_apv()
    form = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert follows.capitalize() in form
    decide(reviewer, apv, decision=kind, modifications="a: b" if kind == "modify" else "")
    link = f'<a href="/apvs/{apv.apv_code}">{apv.apv_code}</a>'
    assert f"Your decision on {link} is recorded: {kind} – {follows}." in text_of(reviewer.get("/"))
    record = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert follows in record
    for page in (form, record):
        assert not re.search(r"Merges|Closes|request merged|request closed", page)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("timeout: 3\n\nurl: https://example.com", {"timeout": "3", "url": "https://example.com"}),
        ('{"timeout": 3}', {"timeout": 3}),
    ],
)
def test_modifications_are_json_or_lines_of_key_and_value(reviewer, text, kept):
    assert decide(reviewer, new_apv(), decision="modify", modifications=text).status_code == 302
    assert Decision.objects.get().modifications == kept


def test_modifications_are_rows_of_key_and_value(reviewer):
    rows = {
        "modifications-key": ["timeout", "", "url"],
        "modifications-value": ["3", "", "https://example.com"],
    }
    assert decide(reviewer, new_apv(), decision="modify", **rows).status_code == 302
    assert Decision.objects.get().modifications == {"timeout": "3", "url": "https://example.com"}


def test_refused_rows_of_modifications_are_kept(reviewer):
    rows = {"modifications-key": ["", "a"], "modifications-value": ["<b>", "1"]}
    answer = decide(reviewer, new_apv(), decision="modify", **rows)
    assert answer.status_code == 400
    assert "Row 1: give it a key." in text_of(answer)
    assert 'name="modifications-value" value="&lt;b&gt;"' in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"justification": "  short  "}, "Write 10 to 5,000 characters."),
        ({"decision": ""}, "Choose one of approve, reject, modify, escalate, dismiss."),
        ({"decision": "merge"}, "Select a valid choice."),
        ({"decision": "modify"}, "Say what to change."),
        ({"modifications": "no colon"}, "Line 1: write it as key: value."),
        ({"modifications": "a: 1\na: 2"}, "Line 2: a is there twice."),
        ({"modifications": "{"}, "This is no JSON object"),
        ({"modifications": '{"a": "\\u0000"}'}, "Null characters are not allowed."),
        ({"modifications": '{"a":' * 90_000}, "This is no JSON object"),
        ({"confidence": "1.5"}, "Give a number from 0 to 1."),
        ({"confidence": "nan"}, "Enter a number."),
        ({"version": "x"}, "Enter a whole number."),
        ({"justification": "Null \0 characters here"}, "Null characters are not allowed."),
    ],
)
def test_refused_input_is_explained_and_the_draft_kept(reviewer, fields, reason):
    draft = {"justification": "My careful draft of a justification.", **fields}
    answer = decide(reviewer, new_apv(), **draft)
    assert answer.status_code == 400
    assert reason in text_of(answer)
    assert draft["justification"].strip() in text_of(answer)
    assert not Decision.objects.exists()


def test_nothing_is_recorded_before_the_question_was_answered(reviewer):
    apv = new_apv(wargame_verdict="partial", validation_warnings=["The lock file is stale."])
    asked = ask(reviewer, apv, confidence="0.75")
    page = text_of(asked)
    for shown in (
        f"Approve {apv.apv_code}?",
        "Pull request #7 is to be merged.",
        JUSTIFICATION,
        "Fairly sure, 75 %",
        "The wargame was a partial success only.",
        "The lock file is stale.",
        "The machine would decide otherwise: reject.",
    ):
        assert shown in page
    assert not Decision.objects.exists()


CLEAR = {"wargame_verdict": "success", "validation_passed": True}
"""An APV of which the machine says to approve it, with nothing against it."""


def send(client, apv, **fields):
    """Send the decision form as the page's scripts do."""
    form = {"decision": "approve", "justification": JUSTIFICATION, "version": apv.version, **fields}
    return client.post(f"/apvs/{apv.apv_code}", form, headers={"HX-Request": "true"})


def asks(answer) -> bool:
    """Return whether an answer is a question; otherwise the decision is recorded, and told."""
    asked = 'id="question"' in answer.content.decode()
    assert asked != ("HX-Trigger-After-Swap" in answer.headers)
    assert asked != Decision.objects.exists()
    return asked


def test_clear_decision_that_can_be_undone_is_recorded_without_a_question(reviewer):
    apv = new_apv(**CLEAR)
    answers = [send(reviewer, apv) for _ in range(2)]  # the first answer may have been lost
    assert [asks(answer) for answer in answers] == [False, False]
    assert [answer.status_code for answer in answers] == [200, 200]
    decision = Decision.objects.get()
    assert (decision.decision, decision.justification) == ("approve", JUSTIFICATION)
    assert send(reviewer, apv, justification=f"{JUSTIFICATION} Or not.").status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {"wargame_verdict": None},
        {"wargame_verdict": "partial"},
        {"wargame_verdict": "inconclusive"},
        {"validation_passed": False},
        {"validation_warnings": ["The lock file is stale."]},
        {"patch_risk_level": "high"},
    ],
    ids=str,
)
def test_whatever_is_to_know_before_a_decision_is_asked_about(reviewer, fields):
    assert asks(send(reviewer, new_apv(**{**CLEAR, **fields})))


@pytest.mark.parametrize("kind", ["reject", "escalate", "modify"])
def test_decision_against_the_machine_is_asked_about(reviewer, kind):
    more = {"modifications": "a: b"} if kind == "modify" else {}
    assert asks(send(reviewer, new_apv(**CLEAR), decision=kind, **more))


def test_decision_on_ones_own_apv_is_asked_about(reviewer):
    assert asks(
        send(reviewer, new_apv(**CLEAR, submitted_by_id=int(reviewer.session["_auth_user_id"])))
    )


def test_decision_on_what_others_have_claimed_is_asked_about(reviewer, lena):
    apv = new_apv(**CLEAR)
    services.claim(apv_id=apv.pk, by=lena)
    assert asks(send(reviewer, apv))


def test_decision_on_what_one_has_claimed_oneself_is_not_asked_about(rita):
    apv = new_apv(**CLEAR)
    services.claim(apv_id=apv.pk, by=rita)
    assert not asks(send(signed_in(rita), apv))


def test_decision_on_what_changed_since_it_was_read_is_asked_about(reviewer):
    apv = new_apv(**CLEAR)
    since = seen_on(reviewer.get(f"/apvs/{apv.apv_code}"))
    APV.objects.filter(pk=apv.pk).update(cve_title="Worse than thought")
    assert asks(send(reviewer, apv, version=2, since=since))


def test_first_of_two_approvals_is_asked_about(reviewer):
    policy(approvals=2)
    assert asks(send(reviewer, new_apv(**CLEAR)))


def test_decision_on_what_a_colleague_escalated_is_asked_about(reviewer, lead):
    apv = new_apv(**CLEAR)
    decide(reviewer, apv, decision="escalate")
    answer = send(lead, apv, version=APV.objects.get().version)
    assert 'id="question"' in answer.content.decode()
    assert Decision.objects.get().decision == "escalate"


def test_decision_that_cannot_be_undone_is_asked_about(reviewer, settings):
    settings.HITL_UNDO_SECONDS = 0
    assert asks(send(reviewer, new_apv(**CLEAR)))


def test_page_without_scripts_has_no_undo_and_always_asks(reviewer):
    apv = new_apv(**CLEAR)
    assert "Approve" in text_of(ask(reviewer, apv))
    assert not Decision.objects.exists()


def test_question_says_that_the_reviewer_added_the_apv(reviewer):
    own, other = new_apv(submitted_by_id=int(reviewer.session["_auth_user_id"])), new_apv()
    assert "You added this APV yourself." in text_of(ask(reviewer, own))
    assert "You added this APV yourself." not in text_of(ask(reviewer, other))


@pytest.mark.parametrize(
    "changed",
    [
        {"decision": "escalate"},
        {"justification": f"{JUSTIFICATION} Or not."},
        {"confidence": "0.5"},
        {"confidence": ""},
        {"modifications": '{"a": "b"}'},
        {"question": ""},
        {"question": "a" * 64},
    ],
    ids=str,
)
def test_what_differs_from_the_question_is_refused_and_the_draft_kept(reviewer, changed):
    apv = new_apv()
    answer = fields_of(ask(reviewer, apv))
    refused = reviewer.post(f"/apvs/{apv.apv_code}", {**answer, **changed})
    assert refused.status_code == 409
    assert "This is not what the question showed, so nothing was recorded." in text_of(refused)
    assert JUSTIFICATION in text_of(refused)
    assert not Decision.objects.exists()


def test_answer_counts_for_its_own_apv_user_and_version_only(reviewer, lead):
    one, other = new_apv(), new_apv()
    answer = fields_of(ask(reviewer, one))
    assert reviewer.post(f"/apvs/{other.apv_code}", answer).status_code == 409
    assert lead.post(f"/apvs/{one.apv_code}", answer).status_code == 409
    APV.objects.filter(pk=one.pk).update(cve_title="Worse than thought")
    assert reviewer.post(f"/apvs/{one.apv_code}", {**answer, "version": 2}).status_code == 409
    assert not Decision.objects.exists()


def test_answer_that_comes_twice_is_recorded_once_and_told_twice(reviewer):
    apv = new_apv()
    answer = fields_of(ask(reviewer, apv))
    for _ in range(2):
        assert reviewer.post(f"/apvs/{apv.apv_code}", answer).status_code == 302
    assert Decision.objects.count() == 1


def test_going_back_from_the_question_keeps_what_was_written(reviewer):
    apv = new_apv()
    rows = {"modifications-key": ["a b"], "modifications-value": ["<c>\n"]}
    asked = fields_of(ask(reviewer, apv, decision="modify", confidence="0.5", **rows))
    page = reviewer.post(f"/apvs/{apv.apv_code}", {**asked, "back": "1"})
    assert page.status_code == 200
    assert "<h2>Not sent</h2>" not in text_of(page)
    assert JUSTIFICATION in text_of(page)
    assert re.search(r'value="modify"[^>]* checked', page.content.decode())
    assert re.search(r'name="confidence" value="0.5" checked', page.content.decode())
    assert 'name="modifications-key" value="a b"' in text_of(page)
    assert not Decision.objects.exists()


def test_confidence_is_never_filled_in(reviewer):
    apv = new_apv()
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    assert re.search(r'name="confidence" value="" checked> Not said', page)
    decide(reviewer, apv, confidence="")
    assert Decision.objects.get().confidence is None
    assert "confidence not said" in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))


def test_apv_without_pull_request_is_dismissed(reviewer):
    apv, other = new_apv(pr_number=None), new_apv()
    assert decide(reviewer, apv, decision="dismiss").status_code == 302
    apv.refresh_from_db()
    assert apv.status == "dismissed"
    assert apv.apv_code in text_of(reviewer.get("/?status=decided&decision=dismiss"))
    assert 'type="radio" name="decision" value="dismiss"' not in text_of(
        reviewer.get(f"/apvs/{other.apv_code}")
    )
    refused = decide(reviewer, other, decision="dismiss")
    assert refused.status_code == 400
    assert "reject it, which closes that" in text_of(refused)


@pytest.mark.parametrize(
    ("fields", "opinion"),
    [
        ({}, ""),
        ({"validation_warnings": [ILLUSTRATIVE]}, ""),
        ({"wargame_verdict": "success"}, "Reject"),
        ({"validation_passed": True}, "Reject"),
        ({"wargame_verdict": "success", "validation_passed": True}, "Approve"),
    ],
    ids=str,
)
def test_machine_has_no_opinion_where_nothing_was_run(reviewer, fields, opinion):
    apv = new_apv(**fields)
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    shown = re.findall(r"<dt>The machine would</dt><dd><span[^>]*>([^<]*)<", page)
    assert shown == ([opinion] if opinion else [])
    decide(reviewer, apv)
    said = Decision.objects.get().recommendation
    assert said == (opinion.lower() or None)


def test_everything_wrong_is_said_at_once(reviewer):
    page = text_of(decide(reviewer, new_apv(), decision="", justification="short", confidence="2"))
    for name in ("decision", "justification", "confidence"):
        assert f'id="id_{name}_error"' in page


def test_error_stands_at_its_field(reviewer):
    page = decide(reviewer, new_apv(), justification="short").content.decode()
    assert re.search(r'<ul class="errorlist" id="id_justification_error">', page)
    assert re.search(r'<textarea[^>]*name="justification"[^>]*aria-invalid="true"', page)


def test_apv_without_pull_request_cannot_be_approved(reviewer):
    apv = new_apv(pr_number=None)
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    for kind, action in (("approve", "merge"), ("reject", "close")):
        assert re.search(rf'value="{kind}"[^>]* disabled', page)
        assert f"Not possible: this APV has no pull request to {action}" in page
    answer = decide(reviewer, apv)
    assert answer.status_code == 400
    assert f"{apv.apv_code} has no pull request to approve." in text_of(answer)


@pytest.mark.parametrize(
    "fields",
    [
        {"modifications": '{"version": "\\ud800"}'},
        {"modifications": '{"\\udfff": "1.2.3"}'},
        {"seen": '{"severity": "\\ud800"}', "version": 9},
        {"since": '{"package_name": "x\\udc00y"}'},
    ],
)
def test_half_a_character_in_what_is_sent_back_is_answered(reviewer, fields):
    answer = ask(reviewer, new_apv(), **fields)
    assert answer.status_code in {200, 400, 409}


@pytest.mark.parametrize(
    "sent", ['{"version": "2.33.0"}', "version: 2.33.0", '{"line": [7]}', "[]"]
)
def test_draft_that_comes_too_late_shows_the_modifications_it_had(reviewer, lead, sent):
    apv = new_apv()
    assert decide(lead, apv).status_code == 302
    text = text_of(ask(reviewer, apv, decision="modify", modifications=sent))
    assert "Your draft, not sent" in text
    kept = text.partition("Your draft, not sent")[2]
    assert "2.33.0" in kept if "2.33" in sent else sent in kept


def test_second_decision_is_a_409_that_names_the_first_and_keeps_the_draft(reviewer, lead):
    apv = new_apv()
    decide(lead, apv)
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 409
    assert f"{apv.apv_code} was decided already: approve by Lena Lead" in text_of(answer)
    assert "My careful draft of a justification." in text_of(answer)
    assert Decision.objects.count() == 1


def test_apv_changed_meanwhile_is_a_409_that_can_be_sent_again(reviewer):
    apv = new_apv()
    APV.objects.filter(pk=apv.pk).update(cve_title="Worse than thought")
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 409
    assert "it is at version 2" in text_of(answer)
    assert "Worse than thought" in text_of(answer)
    assert "My careful draft of a justification." in text_of(answer)
    assert re.search(r'name="version" value="2"', answer.content.decode())
    assert not Decision.objects.exists()


def seen_on(answer) -> str:
    """Return the page's summary of the APV that it shows."""
    found = re.search(r'name="seen" value="([^"]*)"', answer.content.decode())
    assert found
    return html.unescape(found[1])


def test_refusal_of_a_changed_apv_shows_what_changed(reviewer):
    apv = new_apv(severity="LOW", cve_description="a" * 500)
    seen = seen_on(reviewer.get(f"/apvs/{apv.apv_code}"))
    APV.objects.filter(pk=apv.pk).update(severity="HIGH", cve_description="b" * 500)
    answer = decide(reviewer, apv, seen=seen)
    assert answer.status_code == 409
    shown = text_of(answer).partition("This APV changed while you read it")[2]
    assert re.search(r"<dt>Severity</dt><dd><del><bdi>low</bdi></del> → <ins><bdi>high<", shown)
    assert "<dt>Description</dt><dd>changed</dd>" in shown
    again = decide(reviewer, apv, seen=seen_on(answer), version=2)
    assert again.status_code == 302


@pytest.mark.parametrize("seen", ["", "x", "[]", "{}", '{"severity": 1}', "[" * 100_000])
def test_unreadable_note_of_what_was_seen_does_no_harm(reviewer, seen):
    apv = new_apv()
    APV.objects.filter(pk=apv.pk).update(cve_title="Worse than thought")
    assert decide(reviewer, apv, seen=seen).status_code == 409
    assert reviewer.post(f"/apvs/{apv.apv_code}/changes", {"seen": seen}).status_code == 200


def test_escalated_apv_is_decided_by_leads_only(reviewer, lead):
    apv = new_apv()
    decide(reviewer, apv, decision="escalate")
    apv.refresh_from_db()
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "Escalated: only leads decide on it." in page
    assert "How sure are you?" not in page
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 403
    assert "My careful draft of a justification." in text_of(answer)
    assert "Send the decision" in text_of(lead.get(f"/apvs/{apv.apv_code}"))
    assert decide(lead, apv).status_code == 302


def test_observer_reads_and_sees_no_form(observer):
    apv = new_apv()
    page = text_of(observer.get(f"/apvs/{apv.apv_code}"))
    assert apv.apv_code in page
    assert "How sure are you?" not in page
    answer = decide(observer, apv)
    assert answer.status_code == 403
    assert "You may read APVs, but not decide on them." in text_of(answer)


def test_form_needs_its_csrf_token():
    client = Client(enforce_csrf_checks=True)
    user = User.objects.create_user("rita")
    user.groups.add(Group.objects.get(name="reviewers"))
    client.force_login(user)
    answer = decide(client, new_apv())
    assert answer.status_code == 403
    assert "This page was out of date" in text_of(answer)
