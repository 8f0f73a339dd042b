"""The pages of policies: who makes them, changes them, and puts them in force; all on record."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from accounts.models import AccountOwner
from audit.choices import AuditAction
from audit.models import Entry
from forges.models import ForgeAccount
from reviews import services
from reviews.console.policy_forms import FIELDS
from reviews.models import APV, Policy, PolicyVersion
from reviews.policies.explaining import Explanation
from reviews.policies.requirements import KINDS
from reviews.services import set_active
from tests.support.effect_rows import apv_of_forge
from tests.support.in_process import client_of, signed_in
from tests.support.pages import text_of
from tests.support.policies import approve, person, policy, stored

pytestmark = pytest.mark.django_db
TWO = {"name": "two people", "order": "5", "filter": "severity=CRITICAL", "approvals": "2"}


@pytest.fixture
def lena() -> User:
    return person("lena", "leads")


@pytest.fixture
def client(lena: User) -> Client:
    return signed_in(lena)


def acts() -> list[dict[str, Any]]:
    entries = Entry.objects.filter(action=AuditAction.POLICY_CHANGED).order_by("pk")
    return [json.loads(one.details) for one in entries]


def test_lead_makes_changes_and_activates_a_policy_and_each_is_on_record(client: Client) -> None:
    person("ana", "reviewers")
    assert client.post("/policies", TWO).status_code == 302
    made = Policy.objects.get()
    assert (made.name, made.order, made.is_active) == ("two people", 5, False)
    address = f"/policies/{made.pk}"
    page = text_of(client.get(address))
    assert "Severity: Critical" in page
    assert "Number of approvals: 2" in page
    assert PolicyVersion.objects.get().sha256 in page
    client.post(f"{address}/active", {"active": "1"})
    changed = {"filter": "", "approvals": "2", "not_by_author": "on"}
    assert client.post(address, changed).status_code == 302
    versions = list(made.versions.order_by("number"))
    assert [one.requirements for one in versions] == [
        {"approvals": 2},
        {"approvals": 2, "not_by_author": True},
    ]
    page = text_of(client.get(address))
    assert all(one.sha256 in page for one in versions)
    client.post(f"{address}/active")
    made.refresh_from_db()
    assert not made.is_active
    assert [one["change"] for one in acts()] == ["made", "activated", "changed", "deactivated"]
    assert "two people" in text_of(client.get("/policies"))


@pytest.mark.parametrize("group", ["observers", "reviewers", "pipelines"])
def test_others_neither_see_nor_keep_policies(group: str) -> None:
    person("ana", "reviewers")
    version = policy()
    other, before = client_of(group), PolicyVersion.objects.count()
    for path in ("/policies", f"/policies/{version.policy_id}"):
        assert other.get(path).status_code == 403
        assert other.post(path, TWO).status_code == 403
        assert other.post(path, {**TWO, "try": "1"}).status_code == 403
    assert other.post(f"/policies/{version.policy_id}/active").status_code == 403
    assert Policy.objects.get().is_active
    assert PolicyVersion.objects.count() == before


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": ""}, "Write 1 to 100 characters in one line."),
        ({"order": "-1"}, "Give a number from 0 to 32767."),
        ({"filter": "colour=red"}, "colour: There is no such filter."),
        ({"filter": "assigned=me"}, "means whoever asks, and here nobody does."),
        ({"approvals": ""}, "Give at least one requirement."),
        ({"approvals": "11"}, "less than or equal to 10"),
        ({"approvals": "two"}, "Enter a whole number."),
        ({"from_groups": "nobody-has-it: 1"}, "There is no group nobody-has-it."),
        ({"from_groups": "leads: many"}, "write a group, a colon and a number."),
        ({"from_different_groups": ["leads"]}, "at least 2 items"),
        ({"wargame_verdict": ["splendid"]}, "splendid is not one of the available choices."),
        ({"justification_words": "501"}, "less than or equal to 500"),
    ],
)
def test_form_says_what_is_wrong(client: Client, wrong: dict[str, Any], reason: str) -> None:
    answer = client.post("/policies", {**TWO, **wrong})
    assert answer.status_code == 400
    assert reason in text_of(answer)
    assert not Policy.objects.exists()


def test_policy_that_nobody_could_satisfy_is_kept_but_not_activated(client: Client) -> None:
    Group.objects.create(name="security")
    client.post("/policies", {**TWO, "from_groups": "security: 1"})
    made = Policy.objects.get()
    answer = client.post(f"/policies/{made.pk}/active", {"active": "1"}, follow=True)
    assert "Nobody present could satisfy it" in text_of(answer)
    made.refresh_from_db()
    assert not made.is_active


def test_each_requirement_has_a_field() -> None:
    assert list(FIELDS) == list(KINDS)


def test_owners_and_accounts_of_forges_are_on_record(lena: User) -> None:
    program, one = person("program"), apv_of_forge()
    assert one.pull_request
    forge = one.pull_request.repository.forge
    owner = AccountOwner.objects.create(account=program, owner=lena)
    account = ForgeAccount.objects.create(forge=forge, name="len", user=lena)
    account.name = "lena-at-forge"
    account.save()
    account.delete()
    owner.delete()
    found = Entry.objects.filter(action=AuditAction.USER_CHANGED).order_by("pk")
    said = [(one.object, json.loads(one.details)["change"]) for one in found][-5:]
    assert said == [
        ("user program", "owner added"),
        ("user lena", "account of a forge added"),
        ("user lena", "account of a forge changed"),
        ("user lena", "account of a forge removed"),
        ("user program", "owner removed"),
    ]


# -- In the middle of a round -----------------------------------------------------------------


@pytest.fixture
def people() -> list[User]:
    return [person(name, "reviewers") for name in ("ana", "bo", "cem")]


def counts(one: APV) -> tuple[int, int]:
    one.refresh_from_db()
    return one.approvals, one.approvals_needed


def test_round_is_counted_anew_when_a_policy_asks_for_more_or_ends(people: list[User]) -> None:
    version = policy()
    boss = User.objects.get(username="boss")
    one, done = stored(), stored()
    approve(one, people[0])
    approve(done, people[0], "reject")
    before = one.version
    assert counts(one) == (1, 2)
    three = policy("three", approvals=3)
    assert counts(one) == (1, 3)
    assert one.version > before
    set_active(policy_id=three.policy_id, by=boss, active=False)
    assert counts(one) == (1, 2)
    set_active(policy_id=version.policy_id, by=boss, active=False)
    assert counts(one) == (1, 1)
    assert counts(done) == (0, done.approvals_needed)


def test_round_that_has_all_waits_for_a_person_and_says_for_what(people: list[User]) -> None:
    version = policy()
    one = stored()
    first = approve(one, people[0])
    set_active(policy_id=version.policy_id, by=User.objects.get(username="boss"), active=False)
    one.refresh_from_db()
    assert one.status == "pending"
    assert "nothing more is asked for" in Explanation(one, people[0]).why_not
    other = Explanation(one, people[1])
    assert other.why_not == ""
    assert "before a policy changed" in other.follows
    assert approve(one, people[1]).action_taken == "pr_merged"
    assert first.is_awaiting


def test_who_approved_alone_takes_it_back_and_approves_again(people: list[User]) -> None:
    version = policy()
    one = stored()
    first = approve(one, people[0])
    set_active(policy_id=version.policy_id, by=User.objects.get(username="boss"), active=False)
    services.retract(decision_id=first.pk, by=people[0], reason="The policy has ended.")
    assert approve(one, people[0]).action_taken == "pr_merged"
