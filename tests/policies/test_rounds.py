"""Approvals that wait for others: what counts, what ends a round, and what nobody may do."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from accounts.credentials.api_token import issue_token
from accounts.models import AccountOwner
from forges.models import ForgeAccount, PullRequest
from reviews import services, tally
from reviews.choices import Action, RevisionReason
from reviews.effects.gate import wanted_status
from reviews.errors import AlreadyApproved, CannotRetract, InvalidInput, NotAllowed
from reviews.models import APV, Decision, Effect, PolicyVersion
from reviews.policies.explaining import Explanation
from tests.support.effect_rows import apv_of_forge
from tests.support.policies import approve, person, policy, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    return [person(name, "reviewers") for name in ("ana", "bo", "cem")]


def state(one: APV) -> tuple[str, int, int]:
    one.refresh_from_db()
    return one.status, one.approvals, one.approvals_needed


def test_first_of_two_waits_and_the_second_has_it_merged(people: list[User]) -> None:
    policy()
    one = stored()
    first = approve(one, people[0])
    assert first.action_taken == Action.AWAITING_APPROVAL
    assert state(one) == ("pending", 1, 2)
    assert not Effect.objects.exists()
    second = approve(one, people[1])
    assert second.action_taken == Action.PR_MERGED
    assert state(one)[0] == "approved"
    assert Effect.objects.get().decision == second


def test_without_policies_one_approval_is_enough(people: list[User]) -> None:
    one = stored()
    assert approve(one, people[0]).action_taken == Action.PR_MERGED
    assert Decision.objects.get().policies == []


def test_nobody_approves_twice_in_a_round(people: list[User]) -> None:
    policy()
    one = stored()
    approve(one, people[0])
    with pytest.raises(AlreadyApproved):
        approve(one, people[0])
    first = Decision.objects.get()
    first.pk, first._state.adding = None, True
    with pytest.raises(DatabaseError, match="once"), transaction.atomic():
        Decision.objects.create(
            **{
                field.attname: getattr(first, field.attname)
                for field in Decision._meta.concrete_fields
                if not field.primary_key
            }
        )


@pytest.mark.parametrize("kind", ["reject", "modify"])
def test_other_decision_ends_the_round(people: list[User], kind: str) -> None:
    policy()
    one = stored()
    approve(one, people[0])
    made = approve(one, people[1], kind)
    assert state(one)[1] == 0
    services.retract(decision_id=made.pk, by=people[1], reason="A slip.")
    assert approve(one, people[1]).action_taken == Action.AWAITING_APPROVAL


def test_new_revision_ends_the_round(people: list[User]) -> None:
    policy()
    one = stored()
    approve(one, people[0])
    one.refresh_from_db()
    with transaction.atomic():
        services.revise(one, {"patch_confidence": 0.5}, RevisionReason.EVIDENCE)
    assert state(one)[1] == 0
    assert approve(one, people[1]).action_taken == Action.AWAITING_APPROVAL
    assert approve(one, people[0]).action_taken == Action.PR_MERGED


def test_escalation_keeps_the_round_and_leads_complete_it(people: list[User]) -> None:
    policy()
    one, lead = stored(), person("lena", "leads")
    approve(one, people[0])
    approve(one, people[1], "escalate")
    assert state(one)[:2] == ("escalated", 1)
    assert approve(one, lead).action_taken == Action.PR_MERGED


def test_waiting_approval_is_taken_back_without_a_new_revision(people: list[User]) -> None:
    policy()
    one = stored()
    first = approve(one, people[0])
    with pytest.raises(NotAllowed):
        services.retract(decision_id=first.pk, by=people[1], reason="Not mine.")
    services.retract(decision_id=first.pk, by=people[0], reason="A slip.")
    one.refresh_from_db()
    assert (one.approvals, one.revision, one.status) == (0, 1, "pending")
    assert approve(one, people[0]).action_taken == Action.AWAITING_APPROVAL


def test_approval_that_counted_is_not_taken_back(people: list[User]) -> None:
    policy()
    one = stored()
    first, last = approve(one, people[0]), approve(one, people[1])
    with pytest.raises(CannotRetract):
        services.retract(decision_id=first.pk, by=people[0], reason="Too late.")
    services.retract(decision_id=last.pk, by=people[1], reason="In time.")
    assert state(one)[:2] == ("pending", 0)


def test_waiting_approvals_are_no_decisions_in_the_statistics(people: list[User]) -> None:
    policy()
    one = stored()
    first = approve(one, people[0])
    assert (tally.decisions(), tally.records()) == (0, 1)
    services.retract(decision_id=first.pk, by=people[0], reason="A slip.")
    assert (tally.decisions(), tally.records()) == (0, 1)
    assert sum(tally.time_buckets().values()) == 0
    approve(one, people[0])
    approve(one, people[1])
    assert (tally.decisions(), tally.records()) == (1, Decision.objects.count())


def test_status_on_the_commit_says_how_many(people: list[User]) -> None:
    policy()
    one = apv_of_forge()
    approve(one, people[0])
    one = APV.objects.with_pull_request().get()
    wanted = wanted_status(one)
    assert wanted
    assert (wanted.state, wanted.description) == ("pending", "1 of 2 approvals")


# -- Who, and what ----------------------------------------------------------------------------


def refused(one: APV, by: Any, reason: str, **fields: Any) -> None:
    with pytest.raises((NotAllowed, InvalidInput), match=reason):
        approve(one, by, **fields)


def test_submitter_and_owner_of_the_account_do_not_approve(people: list[User]) -> None:
    policy("four eyes", not_by_submitter=True)
    program = person("program", "pipelines", "reviewers")
    issue_token(program, days=1, by=people[0])
    one = services.add_apvs(apvs=[APV(**_fields())], submitter=program)[0]
    refused(one, program, "four eyes.*you added it")
    refused(one, people[0], "you own the account that added it")
    assert approve(one, people[0], "reject").action_taken == Action.PR_CLOSED


def _fields() -> dict[str, Any]:
    from tests.support.site import apv

    return dict(apv())


def test_other_people_approve_what_a_program_added(people: list[User]) -> None:
    policy("four eyes", not_by_submitter=True)
    program = person("program", "pipelines")
    AccountOwner.objects.create(account=program, owner=people[0])
    one = services.add_apvs(apvs=[APV(**_fields())], submitter=program)[0]
    assert approve(one, people[1]).action_taken == Action.PR_MERGED


def test_author_by_account_or_by_name_does_not_approve(people: list[User]) -> None:
    policy("authors", not_by_author=True)
    one = apv_of_forge()
    assert one.pull_request
    PullRequest.objects.filter(pk=one.pull_request.pk).update(author="Ana-At-Forge")
    forge = one.pull_request.repository.forge
    ForgeAccount.objects.create(forge=forge, name="ana-at-forge", user=people[0])
    refused(one, people[0], "you opened its pull request")
    refused(one, person("ana-at-FORGE", "reviewers"), "you opened its pull request")
    approve(one, people[1])


def test_who_escalated_does_not_approve() -> None:
    policy("escalated", not_by_escalator=True)
    lena, lou, one = person("lena", "leads"), person("lou", "leads"), stored()
    approve(one, lena, "escalate")
    refused(one, lena, "you escalated it")
    assert approve(one, lou).action_taken == Action.PR_MERGED


def test_evidence_and_justification(people: list[User]) -> None:
    policy("proof", checks_passed=True, wargame_verdict=["success"], justification_words=8)
    one = stored(validation_passed=False, wargame_verdict="failure")
    with pytest.raises(InvalidInput) as error:
        approve(one, people[0], words="Too few words here.")
    assert {name: len(why) for name, why in error.value.errors.items()} == {
        "decision": 2,
        "justification": 1,
    }
    assert "proof" in error.value.errors["justification"][0]
    good = stored(validation_passed=True, wargame_verdict="success")
    assert approve(good, people[0]).action_taken == Action.PR_MERGED


def test_groups_and_different_people() -> None:
    both = person("both", "reviewers", "security", "backend")
    ann, ben = person("ann", "reviewers", "security"), person("ben", "reviewers", "backend")
    policy("two teams", from_different_groups=["security", "backend"])
    one = stored()
    approve(one, ann)
    assert approve(one, both).action_taken == Action.PR_MERGED
    other = stored()
    approve(other, both)
    assert state(other)[1:] == (1, 2)
    assert approve(other, ben).action_taken == Action.PR_MERGED


def test_approval_from_elsewhere_counts_and_waits_for_the_group(people: list[User]) -> None:
    ann = person("ann", "reviewers", "security")
    policy("security", from_groups={"security": 1})
    one = stored()
    assert approve(one, people[0]).action_taken == Action.AWAITING_APPROVAL
    assert state(one)[1:] == (1, 2)
    found = Explanation(one, people[1]).requirements[0]
    assert (found.policy, found.met) == ("security", False)
    assert "security" in found.who
    assert approve(one, ann).action_taken == Action.PR_MERGED


def test_policies_add_up_and_the_strictest_is_named(people: list[User]) -> None:
    policy("two", approvals=2)
    policy("three", filter="severity=CRITICAL", approvals=3)
    one, mild = stored(severity="CRITICAL"), stored(severity="LOW")
    found = Explanation(one, people[0]).requirements
    assert [(rule.policy, rule.words) for rule in found] == [("three", "0 of 3 approvals")]
    assert [rule.policy for rule in Explanation(mild, people[0]).requirements] == ["two"]
    made = approve(one, people[0])
    assert set(made.policies) == set(PolicyVersion.objects.values_list("sha256", flat=True))


# -- Versions ---------------------------------------------------------------------------------


def test_versions_are_never_changed(people: list[User]) -> None:
    version = policy()
    assert version.digest() == version.sha256
    rows = PolicyVersion.objects.filter(pk=version.pk)
    for change in (lambda: rows.update(filter="severity=LOW"), rows.delete):
        with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("requirements", "field"),
    [
        ({}, "requirements"),
        ([], "requirements"),
        ("{", "requirements"),
        ({"approvals": 0}, "requirements.approvals"),
        ({"approvals": True}, "requirements.approvals"),
        ({"approvals": "2"}, "requirements.approvals"),
        ({"reading_minutes": 5}, "requirements.reading_minutes"),
        ({"from_groups": {}}, "requirements.from_groups"),
        ({"from_groups": {"nobody-has-it": 1}}, "requirements"),
        ({"from_different_groups": ["leads", "leads"]}, "requirements.from_different_groups"),
        ({"wargame_verdict": ["splendid"]}, "requirements.wargame_verdict"),
        ({"not_by_author": False}, "requirements.not_by_author"),
    ],
)
def test_bad_requirements_are_named(requirements: Any, field: str) -> None:
    boss = User.objects.create_superuser("boss")
    with pytest.raises(InvalidInput) as error:
        services.make_policy(by=boss, name="p", filter="", requirements=requirements)
    assert list(error.value.errors) == [field]


def test_bad_filter_and_manager_are_refused(people: list[User]) -> None:
    boss = User.objects.create_superuser("boss")
    with pytest.raises(InvalidInput) as error:
        services.make_policy(by=boss, name="p", filter="colour=red", requirements={"approvals": 1})
    assert list(error.value.errors) == ["filter"]
    with pytest.raises(NotAllowed):
        services.make_policy(by=people[0], name="p", filter="", requirements={"approvals": 1})
    lead = person("lena", "leads")
    services.make_policy(by=lead, name="p", filter="", requirements={"approvals": 1})


def test_policy_that_nobody_could_satisfy_is_not_activated(people: list[User]) -> None:
    person("watcher", "security")  # in the group, and may not decide
    for requirements in ({"from_groups": {"security": 1}}, {"approvals": 9}):
        with pytest.raises(InvalidInput, match="Nobody present could satisfy it"):
            policy(f"for {min(requirements)}", **requirements)
    assert not PolicyVersion.objects.in_force()
