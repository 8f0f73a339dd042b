"""Many at once: the choice, the question, and a batch that decides on each for itself."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from audit.choices import AuditAction, Source
from audit.models import Entry
from reviews import services
from reviews.batches import running, starting
from reviews.batches.pruning import prune_batches
from reviews.choices import Status
from reviews.models import APV, Batch, BatchItem, Decision, Retraction
from reviews.placeholders import filled_in, unknown_in
from tests.support.effect_rows import member
from tests.support.forms import many_fields_of
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import JUSTIFICATION, codes_on, decide, text_of
from tests.support.policies import person, policy

pytestmark = pytest.mark.django_db
CLEAR = {"wargame_verdict": "success", "validation_passed": True}


def chosen(*apvs: APV) -> list[str]:
    return [f"{apv.apv_code}:{apv.version}" for apv in apvs]


def ask(client: Client, values: list[str], **fields):
    given = {"decision": "approve", "justification": JUSTIFICATION, "confidence": "0.95"}
    return client.post("/batches", {"apv": values, **given, **fields})


def start(client: Client, values: list[str], **fields) -> Batch:
    asked = ask(client, values, **fields)
    assert asked.status_code == 200, text_of(asked)
    answer = client.post("/batches", many_fields_of(asked))
    assert answer.status_code == 302, text_of(answer)
    return Batch.objects.get(pk=answer.headers["Location"].rpartition("/")[2])


def states(batch: Batch) -> list[str]:
    return list(batch.items.values_list("state", flat=True))


def test_rows_have_boxes_for_those_who_decide(reviewer, observer):
    apv = new_apv()
    assert f'name="apv" value="{apv.apv_code}:1"' in text_of(reviewer.get("/"))
    assert f'name="apv" value="{apv.apv_code}:1"' in text_of(reviewer.get("/queue/rows"))
    assert 'class="at-select"' not in text_of(observer.get("/"))
    assert 'class="at-select"' not in text_of(reviewer.get("/?status=decided"))
    assert observer.post("/batches", {"apv": chosen(apv)}).status_code == 403


def test_many_are_decided_together_each_for_itself(rita):
    client = signed_in(rita)
    apvs = [new_apv(package_name=f"p{number}", **CLEAR) for number in range(3)]
    batch = start(client, chosen(*apvs))
    assert states(batch) == ["waiting"] * 3
    assert not Decision.objects.exists()
    running.run(batch.pk)
    made = Decision.objects.all()
    assert {one.apv_id for one in made} == {apv.pk for apv in apvs}
    assert {(one.decision, one.justification, one.confidence) for one in made} == {
        ("approve", JUSTIFICATION, 0.95)
    }
    assert states(batch) == ["done"] * 3
    assert codes_on(client.get("/queue")) == []
    entries = Entry.objects.filter(action=AuditAction.DECIDED)
    assert {(one.actor, one.source, one.address) for one in entries} == {
        (rita.username, Source.CONSOLE, "127.0.0.1")
    }
    started = Entry.objects.get(action=AuditAction.BATCH_STARTED)
    assert started.object == "3 APVs"
    assert started.actor == rita.username


def test_question_names_the_number_the_kinds_and_what_to_know_before(rita):
    apvs = [
        new_apv(severity="CRITICAL", **CLEAR),
        new_apv(wargame_verdict="partial", validation_passed=True, validation_warnings=["One."]),
        new_apv(wargame_verdict="partial", validation_passed=True, validation_warnings=["Two."]),
    ]
    page = re.sub(r"\s+", " ", text_of(ask(signed_in(rita), chosen(*apvs))))
    for shown in (
        "Approve 3 APVs?",
        "1 Critical",
        "2 High",
        "3 pull requests are to be merged.",
        "2 ×</strong> The wargame was a partial success only.",
        "2 ×</strong> The validation warned.",
        "2 ×</strong> The machine would decide otherwise: reject.",
        JUSTIFICATION,
        "Sure, 95 %",
        *(apv.apv_code for apv in apvs),
    ):
        assert shown in page
    assert not Batch.objects.exists()


def test_what_changed_or_was_decided_since_is_left_out_and_listed(rita, lena):
    stays, changed, decided, none = (new_apv(**CLEAR) for _ in range(4))
    APV.objects.filter(pk=none.pk).update(pr_number=None)
    values = [*chosen(stays, changed, decided), f"{none.apv_code}:2"]
    APV.objects.filter(pk=changed.pk).update(severity="LOW")
    services.decide(
        apv_id=decided.pk, reviewer=lena, decision="reject", justification=JUSTIFICATION
    )
    asked = ask(signed_in(rita), values)
    page = text_of(asked)
    assert "Approve 1 APV?" in page
    assert "3 are left out" in page
    assert "The APV changed meanwhile: it is at version 2." in page
    assert f"{decided.apv_code} was decided already: reject by Lena Lead" in page
    assert f"{none.apv_code} has no pull request to approve." in page
    assert many_fields_of(asked)["apv"] == chosen(stays)


def test_what_changes_after_the_question_fails_alone_and_can_be_tried_again(rita, lena):
    client = signed_in(rita)
    first, changed, decided = (new_apv(**CLEAR) for _ in range(3))
    batch = start(client, chosen(first, changed, decided))
    APV.objects.filter(pk=changed.pk).update(severity="LOW")
    services.decide(
        apv_id=decided.pk, reviewer=lena, decision="reject", justification=JUSTIFICATION
    )
    running.run(batch.pk)
    assert states(batch) == ["done", "failed", "failed"]
    page = text_of(client.get(f"/batches/{batch.pk}"))
    assert "The APV changed meanwhile: it is at version 2." in page
    assert f"{decided.apv_code} was decided already: reject by Lena Lead" in page
    assert "Try again 2 that were not done" in page
    values = re.findall(r'name="apv" value="([^"]+)"', page)
    assert values == [f"{changed.apv_code}:2", f"{decided.apv_code}:2"]
    form = client.post("/batches", {"apv": values, "decision": "approve", "again": batch.pk})
    assert JUSTIFICATION in text_of(form)
    again = start(client, values)
    running.run(again.pk)
    changed.refresh_from_db()
    assert changed.status == Status.APPROVED
    assert states(again) == ["done"]


def test_nothing_starts_that_the_question_did_not_show(rita):
    client = signed_in(rita)
    apvs = [new_apv(**CLEAR) for _ in range(2)]
    fields = many_fields_of(ask(client, chosen(apvs[0])))
    others: list[dict[str, Any]] = [
        {"apv": chosen(*apvs)},
        {"apv": []},
        {"justification": "Something else entirely."},
        {"decision": "reject"},
        {"confidence": "0.5"},
        {"batch": str(uuid.uuid4())},
        {"seal": "x"},
    ]
    for other in others:
        answer = client.post("/batches", {**fields, **other})
        assert answer.status_code in {400, 409}, other
    stranger = signed_in(member("reviewers", "Olga Other"))
    assert stranger.post("/batches", fields).status_code == 409
    assert not Batch.objects.exists()


def test_answer_that_is_sent_twice_starts_one_batch(rita):
    client = signed_in(rita)
    fields = many_fields_of(ask(client, chosen(new_apv(**CLEAR))))
    first, second = client.post("/batches", fields), client.post("/batches", fields)
    assert first.headers["Location"] == second.headers["Location"]
    assert Batch.objects.count() == 1


def test_job_that_runs_twice_decides_once(rita):
    batch = start(signed_in(rita), chosen(new_apv(**CLEAR), new_apv(**CLEAR)))
    running.run(batch.pk)
    running.run(batch.pk)
    assert Decision.objects.count() == 2
    running.run(uuid.uuid4())


def test_long_batch_goes_on_in_another_job(rita, monkeypatch):
    batch = start(signed_in(rita), chosen(*(new_apv(**CLEAR) for _ in range(3))))
    monkeypatch.setattr(running, "SLICE_SECONDS", -1)
    deferred: list[Batch] = []
    monkeypatch.setattr(running, "have_run", deferred.append)
    running.run(batch.pk)
    assert deferred == [batch]
    assert states(batch) == ["waiting"] * 3


def test_one_that_breaks_the_code_does_not_hold_up_the_others(rita, monkeypatch):
    broken, well = new_apv(**CLEAR), new_apv(**CLEAR)
    batch = start(signed_in(rita), chosen(broken, well))
    real = services.decide

    def decide_or_break(**fields):
        if fields["apv_id"] == broken.pk:
            raise RuntimeError("a fault of ours")
        return real(**fields)

    monkeypatch.setattr(services, "decide", decide_or_break)
    running.run(batch.pk)
    assert states(batch) == ["failed", "done"]
    assert (
        batch.items.filter(state="failed").get().reason
        == "The server has trouble of its own with it."
    )


def test_person_who_may_no_longer_decide_decides_nothing_more(rita):
    batch = start(signed_in(rita), chosen(new_apv(**CLEAR)))
    User.objects.filter(pk=rita.pk).update(is_active=False)
    running.run(batch.pk)
    assert states(batch) == ["failed"]
    assert batch.items.get().reason == "You may not decide on APVs."


def test_all_that_match_are_chosen_by_the_list(rita):
    client = signed_in(rita)
    matching = [new_apv(package_name="ws", **CLEAR) for _ in range(3)]
    new_apv(package_name="flask", **CLEAR)
    page = text_of(client.get("/?package_name=ws"))
    assert "All 3 that match" in page
    assert 'action="/batches?package_name=ws"' in page
    form = client.post("/batches?package_name=ws", {"all": "1", "decision": "reject"})
    values = re.findall(r'name="apv" value="([^"]+)"', form.content.decode())
    assert sorted(values) == sorted(chosen(*matching))


def test_more_than_a_batch_may_have_are_named_and_not_chosen(rita, monkeypatch):
    monkeypatch.setattr("reviews.console.many.selection.MOST", 2)
    for _ in range(3):
        new_apv(package_name="ws", **CLEAR)
    form = signed_in(rita).post("/batches", {"all": "1", "decision": "approve"})
    assert "the first of the list are chosen, 1 are not" in text_of(form)
    assert len(re.findall(r'name="apv"', form.content.decode())) == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"justification": "short"}, "at least 10 characters"),
        ({"justification": ""}, "This field is required."),
        ({"decision": "merge"}, "Select a valid choice."),
        ({"decision": "undo"}, "Select a valid choice."),
        ({"confidence": "nan"}, "Enter a number."),
        ({"confidence": "2"}, "less than or equal to 1"),
        ({"apv": []}, "Choose at least one APV."),
        ({"apv": ["x", "APV-2026-001", ":", "APV-1999-999:1", f"APV-2026-001:{'9' * 99}"]}, ""),
        ({"justification": "Null \0 characters here"}, "Null characters are not allowed."),
        ({"batch": "x"}, "Enter a valid UUID."),
    ],
)
def test_bad_input_is_explained(rita, fields, reason):
    given = {"apv": chosen(new_apv(**CLEAR)), "decision": "approve"}
    answer = signed_in(rita).post("/batches", {**given, "justification": JUSTIFICATION, **fields})
    assert answer.status_code in {400, 200}
    assert reason in text_of(answer)
    assert not Batch.objects.exists()


def test_placeholders_are_filled_in_for_each(rita):
    apv = new_apv(package_name="ws", fixed_version="8.17.1", cve_id="CVE-2024-37890", **CLEAR)
    other = new_apv(package_name="flask", **CLEAR)
    text = "Bump of {package} to {fixed_version} for {cve}, {reviewed}."
    asked = ask(signed_in(rita), chosen(apv, other), justification=text)
    assert "Bump of ws to 8.17.1 for CVE-2024-37890, {reviewed}." in text_of(asked)
    batch = start(signed_in(rita), chosen(apv, other), justification=text)
    running.run(batch.pk)
    assert set(Decision.objects.values_list("justification", flat=True)) == {
        "Bump of ws to 8.17.1 for CVE-2024-37890, {reviewed}.",
        "Bump of flask to ? for ?, {reviewed}.",
    }
    assert unknown_in(text) == ["{reviewed}"]
    assert filled_in("{code} {pr} {severity}", apv, rita) == f"{apv.apv_code} 7 high"


def test_batch_is_undone_as_a_whole(rita):
    client = signed_in(rita)
    batch = start(client, chosen(*(new_apv(**CLEAR) for _ in range(3))))
    running.run(batch.pk)
    offered = client.get("/decisions/last").json()["undo"]
    assert offered["text"] == "3 decisions of your batch are recorded: approve."
    assert client.post(offered["address"]).status_code == 302
    back = Batch.objects.get(undoes=batch)
    running.run(back.pk)
    assert states(back) == ["done"] * 3
    assert Retraction.objects.count() == 3
    assert APV.objects.pending().count() == 3
    assert client.get("/decisions/last").json()["undo"] is None
    assert client.post(offered["address"]).status_code == 302
    assert Batch.objects.filter(undoes=batch).count() == 1


def test_item_that_waits_for_another_approval_says_so_and_is_undone(rita):
    person("another", "reviewers")
    policy("two for the grave", filter="severity=CRITICAL", approvals=2)
    grave, mild = new_apv(**CLEAR, severity="CRITICAL"), new_apv(**CLEAR, severity="LOW")
    client = signed_in(rita)
    batch = start(client, chosen(grave, mild))
    running.run(batch.pk)
    assert states(batch) == ["done", "done"]
    page = text_of(client.get(f"/batches/{batch.pk}"))
    assert page.count("waits for another approval") == 1
    grave.refresh_from_db()
    assert (grave.status, grave.approvals, grave.approvals_needed) == ("pending", 1, 2)
    assert client.post(f"/batches/{batch.pk}/undo").status_code == 302
    back = Batch.objects.get(undoes=batch)
    running.run(back.pk)
    assert states(back) == ["done", "done"]
    grave.refresh_from_db()
    assert (grave.status, grave.approvals, grave.revision) == ("pending", 0, 1)
    assert APV.objects.pending().count() == 2


def test_undo_takes_back_what_it_can_and_lists_the_rest(rita, settings):
    client = signed_in(rita)
    apvs = [new_apv(**CLEAR) for _ in range(2)]
    batch = start(client, chosen(*apvs))
    running.run(batch.pk)
    APV.objects.filter(pk=apvs[0].pk).update(pull_request_state="merged")
    back = starting.undo(batch, rita)
    running.run(back.pk)
    assert states(back) == ["done", "failed"]
    page = text_of(client.get(f"/batches/{back.pk}"))
    assert "It is too late: the pull request is merged." in page


def test_batch_that_is_stopped_leaves_what_has_not_begun(rita):
    client = signed_in(rita)
    batch = start(client, chosen(new_apv(**CLEAR), new_apv(**CLEAR)))
    assert client.post(f"/batches/{batch.pk}/stop").status_code == 302
    running.run(batch.pk)
    assert states(batch) == ["stopped"] * 2
    assert not Decision.objects.exists()
    assert Entry.objects.get(action=AuditAction.BATCH_STOPPED).object == "2 APVs"


def test_nobody_sees_or_stops_the_batch_of_somebody_else(rita):
    batch = start(signed_in(rita), chosen(new_apv(**CLEAR)))
    stranger = signed_in(member("reviewers", "Olga Other"))
    assert stranger.get(f"/batches/{batch.pk}").status_code == 404
    for act in ("stop", "undo"):
        assert stranger.post(f"/batches/{batch.pk}/{act}").status_code == 404
    assert "none together yet" in text_of(stranger.get("/batches"))
    assert f"/batches/{batch.pk}" in text_of(signed_in(rita).get("/batches"))
    assert stranger.get("/batches/last").status_code == 404


def test_unfinished_batches_of_a_person_are_limited(rita):
    client = signed_in(rita)
    for _ in range(starting.MOST_AT_ONCE):
        start(client, chosen(new_apv(**CLEAR)))
    asked = ask(client, chosen(new_apv(**CLEAR)))
    answer = client.post("/batches", many_fields_of(asked))
    assert answer.status_code == 400
    assert "5 batches of yours are not finished yet" in text_of(answer)


def test_list_shows_a_batch_that_runs_wherever_it_was_started(rita):
    batch = start(signed_in(rita), chosen(new_apv(**CLEAR)))
    page = text_of(signed_in(rita).get("/"))
    assert f'data-address="/batches/{batch.pk}" data-running' in page
    BatchItem.objects.update(state="done", ended_at=timezone.now())
    Batch.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert 'id="batch"' not in text_of(signed_in(rita).get("/"))


def test_decisions_of_a_batch_obey_the_rules_of_escalated_apvs(rita, lena):
    apv = new_apv(**CLEAR)
    decide(signed_in(rita), apv, decision="escalate")
    apv.refresh_from_db()
    assert "only leads decide on it" in text_of(ask(signed_in(rita), chosen(apv)))
    running.run(start(signed_in(lena), chosen(apv)).pk)
    apv.refresh_from_db()
    assert apv.status == Status.APPROVED


def test_old_batches_are_deleted_but_neither_their_decisions_nor_what_still_runs(
    rita: User,
) -> None:
    client = signed_in(rita)
    done, undone, waiting, new = (
        start(client, chosen(new_apv(**CLEAR), new_apv(**CLEAR))) for _ in range(4)
    )
    for one in (done, undone, new):
        running.run(one.pk)
    unfinished = starting.undo(undone, rita)
    Batch.objects.exclude(pk=new.pk).update(created_at=timezone.now() - timedelta(days=91))
    assert prune_batches(days=90) == 1
    assert set(Batch.objects.all()) == {undone, waiting, new, unfinished}
    running.run(unfinished.pk)
    assert prune_batches(days=90) == 2
    assert set(Batch.objects.all()) == {waiting, new}
    assert Decision.objects.count() == 6
    assert Entry.objects.filter(action=AuditAction.BATCH_STARTED).count() == 5
    assert prune_batches(days=90) == 0
