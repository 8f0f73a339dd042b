"""APVs follow the pull requests that they were made of, and what is imported about them."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.utils import timezone

from forges.models import Repository
from realtime.models import Event
from reviews import services
from reviews.errors import AlreadyDecided, InvalidInput
from reviews.models import APV, Decision, Revision
from tests.support.forge_rows import BUMP, FURTHER, REBASED, pull_request, repository, tell
from tests.support.osv_documents import GHSA, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Repository:
    return repository()


@pytest.fixture
def lead() -> Any:
    return get_user_model().objects.create_superuser("root", "root@example.com", "x")


def decide(apv: APV, reviewer: Any, decision: str = "approve", **fields: Any) -> Decision:
    given: dict[str, Any] = {"justification": "Looked at it closely.", **fields}
    if decision == "modify":
        given["modifications"] = {"pin": "exactly"}
    return services.decide(apv_id=apv.pk, reviewer=reviewer, decision=decision, **given)


def told() -> list[tuple[str, int, int, str]]:
    events = Event.objects.filter(channel="changes").order_by("offset")
    messages = [json.loads(one.message) for one in events]
    changed = [one for one in messages if one["type"] == "apv_changed"]
    return [(one["what"], one["revision"], one["version"], one["status"]) for one in changed]


def only() -> APV:
    return APV.objects.get()


# -- Revisions --------------------------------------------------------------------------------


def test_push_makes_the_next_revision_and_keeps_what_was(shop: Repository, lead: Any) -> None:
    pushed = pull_request(shop)
    tell(pushed)
    APV.objects.update(wargame_verdict="success")
    decision = decide(only(), lead)
    assert (decision.revision, decision.head_commit) == (1, "a" * 40)
    tell(pushed, head_sha="c" * 40, diff=FURTHER)
    apv = only()
    assert (apv.revision, apv.status, apv.head_commit) == (2, "pending", "c" * 40)
    assert apv.fixed_version == "4.17.22"
    assert apv.wargame_verdict is None
    first, second = Revision.objects.order_by("number")
    assert (first.patch_diff, first.head_commit, first.reason) == (BUMP, "a" * 40, "opened")
    assert first.evidence["wargame_verdict"] == "success"
    assert (second.patch_diff, second.reason, second.same_patch) == (FURTHER, "pushed", False)
    assert told() == [("revised", 2, apv.version, "pending")]
    decide(apv, lead, "reject")
    assert [one.revision for one in apv.decisions.order_by("decided_at")] == [1, 2]


def test_rebase_is_told_as_such_and_keeps_the_evidence(shop: Repository, lead: Any) -> None:
    pushed = pull_request(shop)
    tell(pushed)
    APV.objects.update(wargame_verdict="success", severity="HIGH")
    decide(only(), lead)
    tell(pushed, head_sha="c" * 40, diff=REBASED)
    apv = only()
    assert told() == [("rebased", 2, apv.version, "pending")]
    assert (apv.wargame_verdict, apv.severity, apv.patch_diff) == ("success", "HIGH", REBASED)
    assert Revision.objects.get(number=2).same_patch is True


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        ("approve", "pending"),
        ("modify", "pending"),
        ("reject", "pending"),
        ("escalate", "escalated"),
    ],
)
def test_push_reopens_what_was_sent_back_or_not_merged_yet(
    shop: Repository, lead: Any, decision: str, after: str
) -> None:
    pushed = pull_request(shop)
    tell(pushed)
    decide(only(), lead, decision)
    tell(pushed, head_sha="c" * 40, diff=FURTHER)
    assert only().status == after


def test_same_pull_request_read_again_changes_nothing(shop: Repository) -> None:
    read = pull_request(shop)
    tell(read)
    before = APV.objects.values().get()
    tell(read, title="Another title")
    assert APV.objects.values().get() == before
    assert told() == []


def test_checks_of_the_same_commit_change_the_evidence_in_place(shop: Repository) -> None:
    check = {"name": "build", "state": "pending", "url": "", "summary": ""}
    read = pull_request(shop, checks=[check])
    tell(read)
    APV.objects.update(validation_warnings=[*only().validation_warnings, "Ours."])
    tell(read, checks=[{**check, "state": "success"}])
    apv = only()
    assert (apv.revision, apv.validation_passed) == (1, True)
    assert apv.validation_warnings == ["Ours."]
    assert told() == [("evidence", 1, apv.version, "pending")]


def test_revision_can_be_neither_edited_nor_deleted(shop: Repository) -> None:
    pushed = pull_request(shop)
    tell(pushed)
    tell(pushed, head_sha="c" * 40)
    one = Revision.objects.filter(number=1)
    for change in (one.delete, lambda: one.update(patch_diff="")):
        with pytest.raises(DatabaseError, match="never edited or deleted"), transaction.atomic():
            change()


# -- Withdrawn, and reopened ------------------------------------------------------------------


@pytest.mark.parametrize("decision", [None, "escalate", "modify", "approve"])
def test_closed_on_the_forge_is_withdrawn_with_who_when_and_why(
    shop: Repository, lead: Any, decision: str | None
) -> None:
    read, moment = pull_request(shop), timezone.now()
    tell(read)
    if decision:
        decide(only(), lead, decision)
    tell(read, state="closed", ended_by="octocat", ended_at=moment)
    apv = only()
    assert (apv.status, apv.withdrawn_by, apv.withdrawn_at) == ("withdrawn", "octocat", moment)
    assert apv.withdrawn_reason == "closed"
    assert told() == [("withdrawn", 1, apv.version, "withdrawn")]
    with pytest.raises(InvalidInput, match="is withdrawn, not open"):
        decide(apv, lead)


def test_merged_by_others_is_withdrawn_but_an_approved_one_stays(
    shop: Repository, lead: Any
) -> None:
    first, second = pull_request(shop, 1), pull_request(shop, 2)
    tell(first)
    tell(second)
    decide(APV.objects.get(pr_number=2), lead)
    for one in (first, second):
        tell(one, state="merged", merged_sha="d" * 40, ended_by="octocat")
    withdrawn, approved = APV.objects.order_by("pr_number")
    assert (withdrawn.status, withdrawn.withdrawn_reason) == ("withdrawn", "merged")
    assert approved.status == "approved"
    tell(second, head_sha="e" * 40)
    assert APV.objects.get(pr_number=2).status == "approved"


def test_closed_for_a_newer_one_of_the_same_package_is_superseded(shop: Repository) -> None:
    old = pull_request(shop, 7)
    tell(old)
    tell(pull_request(shop, 9, diff=FURTHER, head_sha="c" * 40))
    tell(pull_request(repository(), 11))
    tell(old, state="closed", ended_by="dependabot[bot]")
    apv = APV.objects.get(pull_request=old)
    assert (apv.withdrawn_reason, apv.superseded_by) == ("superseded", 9)


@pytest.mark.parametrize("decision", [None, "escalate", "modify", "approve", "reject"])
def test_reopened_is_pending_again_and_can_be_decided_anew(
    shop: Repository, lead: Any, decision: str | None
) -> None:
    read = pull_request(shop)
    tell(read)
    if decision:
        decide(only(), lead, decision)
    tell(read, state="closed")
    tell(read, state="open")
    apv = only()
    assert (apv.status, apv.withdrawn_at, apv.withdrawn_reason) == ("pending", None, "")
    assert apv.revision == (2 if decision else 1)
    assert told()[-1] == ("reopened", apv.revision, apv.version, "pending")
    decide(apv, lead, "escalate")
    decide(apv, lead, "reject")
    assert only().status == "rejected"
    with pytest.raises(AlreadyDecided):
        decide(apv, lead)


def test_rejected_one_stays_rejected_when_it_is_closed(shop: Repository, lead: Any) -> None:
    read = pull_request(shop)
    tell(read)
    decide(only(), lead, "reject")
    tell(read, state="closed", ended_by="octocat")
    assert (only().status, only().pull_request_state) == ("rejected", "closed")
    assert told() == []


# -- Advisories that come later ---------------------------------------------------------------


def test_import_does_not_touch_the_apv_of_a_pull_request_whose_title_names_an_advisory(
    shop: Repository,
) -> None:
    store(GHSA)
    tell(pull_request(shop, title=f"{GHSA['id']}: bump lodash"))
    before = only().version
    store({**GHSA, "modified": "2026-02-01T00:00:00Z", "withdrawn": "2026-02-01T00:00:00Z"})
    assert (only().status, only().version) == ("pending", before)
    assert only().advisory_links.get().applies is False


def test_advisory_that_comes_later_is_found_for_open_pull_requests(shop: Repository) -> None:
    read, waits = pull_request(shop), pull_request(repository(takes_unfixing=False))
    tell(read)
    tell(waits)
    assert only().severity == "LOW"
    row = store(GHSA)
    assert services.follow_advisories(row.packages) == 2
    apv = APV.objects.get(pull_request=read)
    assert (apv.severity, apv.priority, apv.cve_id) == ("HIGH", 8, "CVE-2021-23337")
    assert [one["id"] for one in apv.advisories] == [GHSA["id"]]
    assert apv.advisory_links.get().advisory == row
    assert told() == [("evidence", 1, apv.version, "pending")]
    assert APV.objects.get(pull_request=waits).severity == "HIGH"
    assert services.follow_advisories(row.packages) == 0


def test_decided_pull_requests_and_other_packages_stay_as_they_are(
    shop: Repository, lead: Any
) -> None:
    tell(pull_request(shop))
    decide(only(), lead)
    row = store(GHSA)
    assert (
        services.follow_advisories(["npm:other"]) == services.follow_advisories(row.packages) == 0
    )
    assert only().severity == "LOW"
