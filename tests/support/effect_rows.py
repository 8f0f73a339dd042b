"""Decisions whose effects are in every state, written as the worker writes them."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from reviews import services
from reviews.choices import EffectState
from reviews.effects import records
from reviews.models import APV, Decision, Effect
from tests.support.forge_rows import pull_request, repository, tell
from tests.support.pages import JUSTIFICATION

MERGED = "4f2c9d31b7c04fa1a2d5b6e8f90a1b2c3d4e5f60"
REFUSAL = "it conflicts with its target (Pull Request is not mergeable)"


def member(group: str, name: str = "Rita Reviewer") -> User:
    first, last = name.split()
    user = User.objects.create_user(first.lower(), first_name=first, last_name=last)
    user.groups.add(Group.objects.get(name=group))
    return user


def apv_of_forge(number: int = 7, **fields: Any) -> APV:
    """Return the APV of a pull request in a watched repository."""
    found = pull_request(repository(), number=number, **fields)
    tell(found)
    return APV.objects.get(pull_request=found)


def decide(apv: APV, by: User, kind: str = "approve") -> Decision:
    return services.decide(
        apv_id=apv.pk,
        reviewer=by,
        decision=kind,
        justification=JUSTIFICATION,
        modifications={"version": "4.17.22"} if kind == "modify" else {},
    )


def move(decision: Decision, *states: EffectState, **values: Any) -> Effect:
    """Let the effect of a decision go through states; `values` come with the last one."""
    effect = Effect.objects.select_related("decision__apv").get(decision=decision)
    with transaction.atomic():
        for state in states:
            records.move(effect, state, **(values if state == states[-1] else {}))
    return effect


def refuse(decision: Decision, answer: str = REFUSAL) -> Effect:
    states = (EffectState.QUEUED, EffectState.RUNNING, EffectState.REFUSED)
    return move(decision, *states, answer=answer, next_at=None)
