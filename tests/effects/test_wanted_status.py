"""The commit status that an APV should have: success for nothing but an approval of this commit."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from forges.choices import CheckState
from reviews import services
from reviews.choices import EffectState, Status
from reviews.effects.gate import Wanted, wanted_status
from reviews.models import APV, Decision
from tests.support.effect_states import effect_in
from tests.support.site import apv

pytestmark = pytest.mark.django_db

HEAD, OTHER = "a" * 40, "b" * 40
PENDING = Wanted(HEAD, CheckState.PENDING, "Waits for a decision")
SUCCESS = Wanted(HEAD, CheckState.SUCCESS, "Approved")
BY_STATUS = {
    Status.PENDING: PENDING,
    Status.ESCALATED: PENDING,
    Status.APPROVED: PENDING,  # without an effect of this commit
    Status.REJECTED: Wanted(HEAD, CheckState.FAILURE, "Rejected"),
    Status.CHANGES_REQUESTED: Wanted(HEAD, CheckState.FAILURE, "Changes requested"),
    Status.DISMISSED: None,
    Status.WITHDRAWN: None,
}
CAN_BE_TAKEN_BACK = {EffectState.HELD, EffectState.QUEUED, EffectState.CANCELLED}
"""Before the first attempt; a success would let the forge merge."""


def an_apv(status: str, head_commit: str = HEAD) -> APV:
    one = APV.objects.create(**apv(head_commit=head_commit))
    APV.objects.filter(pk=one.pk).update(status=status)
    one.refresh_from_db()
    return one


@pytest.fixture
def approved() -> APV:
    """Store an approved APV whose decision has no effect yet."""
    one = APV.objects.create(**apv(pr_number=None, pr_url="", head_commit=HEAD))
    root = get_user_model().objects.create_superuser("root", "", "x")
    given: Any = {"decision": "dismiss", "justification": "Nothing to be done."}
    services.decide(apv_id=one.pk, reviewer=root, **given)
    APV.objects.filter(pk=one.pk).update(status=Status.APPROVED)
    one.refresh_from_db()
    return one


@pytest.mark.parametrize("status", Status)
def test_each_status_of_an_apv_has_its_commit_status(status: Status) -> None:
    assert wanted_status(an_apv(status)) == BY_STATUS[status]


@pytest.mark.parametrize("status", Status)
def test_apv_without_a_commit_has_none(status: Status) -> None:
    assert wanted_status(an_apv(status, head_commit="")) is None


@pytest.mark.parametrize("state", EffectState)
def test_approval_counts_from_its_first_attempt_on(approved: APV, state: EffectState) -> None:
    effect_in(state, approved.decisions.get(), HEAD)
    wanted = PENDING if state in CAN_BE_TAKEN_BACK else SUCCESS
    assert wanted_status(approved) == wanted


def test_approval_whose_forge_is_away_counts_before_it_is_tried_again(approved: APV) -> None:
    effect = effect_in(EffectState.QUEUED, approved.decisions.get(), HEAD)
    effect.attempts = 1
    effect.save()
    assert wanted_status(approved) == SUCCESS


@pytest.mark.parametrize("state", EffectState)
def test_approval_of_another_commit_counts_for_nothing(approved: APV, state: EffectState) -> None:
    effect_in(state, approved.decisions.get(), OTHER)
    assert wanted_status(approved) == PENDING


@pytest.mark.parametrize("state", EffectState)
def test_escalation_before_an_approval_counts_for_nothing(
    approved: APV, state: EffectState
) -> None:
    """Also if a clock was set back, so that it seems to be newer than the approval."""
    effect_in(EffectState.RUNNING, approved.decisions.get(), HEAD)
    escalation = Decision.objects.create(
        apv=approved,
        apv_version=approved.version,
        revision=approved.revision,
        decision="escalate",
        action_taken="assigned_to_lead",
        justification="Somebody else must see it.",
        review_seconds=0,
        reviewer=get_user_model().objects.get(username="root"),
    )
    effect_in(state, escalation, HEAD, "escalate")
    assert wanted_status(approved) == SUCCESS


@pytest.mark.parametrize("status", [one for one in Status if one != Status.APPROVED])
def test_only_approved_apvs_have_a_success(approved: APV, status: Status) -> None:
    effect_in(EffectState.DONE, approved.decisions.get(), HEAD)
    APV.objects.filter(pk=approved.pk).update(status=status)
    approved.refresh_from_db()
    wanted = wanted_status(approved)
    assert wanted is None or wanted.state != CheckState.SUCCESS
