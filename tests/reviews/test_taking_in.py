"""Pull requests that were read from a forge: they become APVs, which follow them."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import Entry
from forges.models import Repository
from realtime.models import Event
from reviews import services
from reviews.errors import AlreadyDecided, InvalidInput
from reviews.imports import advisories, osv
from reviews.models import APV, Advisory, Decision, Revision
from tests.support.forge_rows import BUMP, FURTHER, REBASED, pull_request, repository, tell

pytestmark = pytest.mark.django_db

GHSA = {
    "id": "GHSA-35jh-r3h4-6jhm",
    "modified": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2021-23337"],
    "summary": "Command Injection in lodash",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "lodash"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}],
        }
    ],
}


def store(document: dict[str, Any]) -> Advisory:
    published = advisories.Published(osv.parsed(document), document, [])
    advisories.import_advisories([published], lambda _: [])
    return Advisory.objects.get(osv_id=document["id"])


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
    return [(one["what"], one["revision"], one["version"], one["status"]) for one in messages]


def only() -> APV:
    return APV.objects.get()


# -- Taken in ---------------------------------------------------------------------------------


def test_pull_request_of_a_bot_becomes_an_apv_with_its_evidence(shop: Repository) -> None:
    store(GHSA)
    checks = [
        {"name": "build", "state": "success", "url": "https://ci.example.com/1", "summary": ""}
    ]
    tell(pull_request(shop, checks=checks, labels=["security"]))
    apv = only()
    assert (apv.package_name, apv.package_version, apv.fixed_version) == (
        *("lodash", "4.17.20", "4.17.21"),
    )
    assert (apv.package_ecosystem, apv.cve_id, apv.severity) == ("npm", "CVE-2021-23337", "HIGH")
    assert apv.severity_source == "GHSA-35jh-r3h4-6jhm: CVSS_V3"
    assert (apv.pr_number, apv.pr_branch) == (7, "dependabot/npm_and_yarn/lodash-4.17.21")
    assert apv.pr_url == "https://git.example.com/shop/web/pull/7"
    assert apv.patch_diff == BUMP
    assert apv.head_commit == "a" * 40
    assert apv.validation_passed is True
    assert apv.validation_warnings == []
    assert [one["package"] for one in apv.changes] == ["lodash"]
    assert apv.advisories == [
        {
            "id": "GHSA-35jh-r3h4-6jhm",
            "aliases": ["CVE-2021-23337"],
            "severity": "HIGH",
            "score": 7.2,
            "summary": "Command Injection in lodash",
        }
    ]
    assert (apv.revision, apv.status, apv.submitted_by) == (1, "pending", None)
    entry = Entry.objects.get(action="apvs_added")
    assert json.loads(entry.details)["pull_request"] == f"{shop.forge.name}/shop/web#7"
    assert Event.objects.filter(channel="apvs").count() == 1


def test_one_that_fixes_nothing_known_says_so_or_is_not_taken_in(shop: Repository) -> None:
    tell(pull_request(shop))
    apv = only()
    assert (apv.severity, apv.priority, apv.cve_id) == ("LOW", 2, None)
    assert apv.severity_source == "It fixes no advisory that is known here: low by default."
    strict = repository(takes_unfixing=False)
    tell(pull_request(strict))
    assert APV.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "rules", "taken"),
    [
        ({"author": "mallory"}, {}, False),
        ({"author": "mallory", "labels": ["Bot"]}, {"labels": ["bot"]}, True),
        ({"author": "mallory", "head_ref": "fix/x"}, {"branches": ["fix/*"]}, True),
        (
            {"author": "mallory", "head_ref": "fix/x", "from_fork": True},
            {"branches": ["fix/*"]},
            False,
        ),
        ({"author": "mallory", "message": "Author: dependabot[bot]"}, {}, False),
        ({"author": "house-bot"}, {}, True),
        ({"state": "closed"}, {}, False),
        ({"state": "merged"}, {}, False),
    ],
)
def test_rules_of_the_repository_say_which_are_taken_in(
    fields: dict[str, Any], rules: dict[str, Any], taken: bool, settings: Any
) -> None:
    settings.HITL_BOTS = ["house-bot"]
    tell(pull_request(repository(**rules), **fields))
    assert APV.objects.exists() is taken


def test_nothing_in_a_pull_request_chooses_its_address_or_another_apv(shop: Repository) -> None:
    other = APV.objects.create(severity="LOW", package_name="x", patch_strategy="version_bump")
    for number, url in enumerate(
        [
            "https://evil.example.com/shop/web/pull/1",
            "https://git.example.com/shop/web/pull/999",
            "javascript:alert(1)",
            "https://git.example.com@evil.example.com/shop/web/pull/4",
        ],
        start=1,
    ):
        title = f"{other.apv_code} GHSA-xxxx-xxxx-xxxx: APV-2026-001"
        tell(pull_request(shop, number, url=url, title=title))
    mine = APV.objects.exclude(pk=other.pk)
    assert mine.count() == 4
    assert {apv.pr_url for apv in mine} == {""}
    assert all("The address is left out" in apv.validation_warnings[0] for apv in mine)
    other.refresh_from_db()
    assert other.version == 1


def test_overfull_pull_request_is_cut_and_says_so(shop: Repository) -> None:
    lines = [f'-    "package-{n}": "1.0.0",\n+    "package-{n}": "1.0.1",\n' for n in range(500)]
    head = BUMP.split("@@")[0]
    diff = f'{head}@@ -1,502 +1,502 @@\n {{\n   "dependencies": {{\n{"".join(lines)}'
    checks = [
        {
            "name": f"\u202echeck {n}" * 100,
            "state": "failure",
            "url": "javascript:1",
            "summary": "s" * 9000,
        }
        for n in range(400)
    ]
    wide = pull_request(
        shop,
        title="\u202e" + "t" * 10_000,
        body="b" * 100_000,
        head_ref="f" * 1000,
        author="dependabot[bot]",
        labels=["l" * 255] * 100,
        diff=diff,
        checks=checks,
    )
    tell(wide)
    apv = only()
    assert len(apv.changes) == 500
    assert len(apv.pr_branch) == 255
    assert "The name of the branch is cut: it is too long." in apv.validation_warnings
    assert len(apv.validation_warnings) <= 200
    assert "more warnings" in apv.validation_warnings[-1]
    assert {one["url"] for one in apv.checks} == {""}
    assert apv.validation_passed is False
    apv.full_clean()


def test_diff_that_is_too_long_or_unread_is_left_out_and_says_so(shop: Repository) -> None:
    tell(pull_request(shop, 1, diff=BUMP + "+x" * 2**20))
    tell(pull_request(shop, 2, diff="", diff_problem="The forge said no."))
    long, unread = APV.objects.order_by("pr_number")
    assert long.patch_diff == unread.patch_diff == ""
    assert any("bytes, more than" in one for one in long.validation_warnings)
    assert "The diff could not be read: The forge said no." in unread.validation_warnings


@pytest.mark.parametrize(
    ("states", "passed", "warned"),
    [
        ([], False, 0),
        (["success"], True, 0),
        (["success", "skipped"], True, 0),
        (["skipped"], False, 0),
        (["success", "failure"], False, 1),
        (["success", "pending"], False, 1),
    ],
)
def test_checks_tell_whether_validation_passed(
    shop: Repository, states: list[str], passed: bool, warned: int
) -> None:
    checks = [{"name": one, "state": one, "url": "", "summary": ""} for one in states]
    tell(pull_request(shop, checks=checks))
    assert only().validation_passed is passed
    assert len(only().validation_warnings) == warned


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
        ("reject", "rejected"),
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
