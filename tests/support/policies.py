"""People, policies and approvals, as tests of policies make them."""

from typing import Any

from django.contrib.auth.models import Group, User

from reviews import services
from reviews.models import APV, Decision, PolicyVersion
from tests.support.site import apv

WORDS = "Looked at the change and its tests closely."


def person(name: str, *groups: str) -> User:
    """Store a user of groups, which are made if there are none; reviewers may decide."""
    user = User.objects.create_user(name)
    user.groups.set(Group.objects.get_or_create(name=group)[0] for group in groups)
    return user


def policy(name: str = "two people", filter: str = "", **requirements: Any) -> PolicyVersion:
    """Put a policy in force."""
    boss = User.objects.filter(username="boss").first() or User.objects.create_superuser("boss")
    version = services.make_policy(
        by=boss, name=name, filter=filter, requirements=requirements or {"approvals": 2}
    )
    services.set_active(policy_id=version.policy_id, by=boss, active=True)
    return version


def stored(**fields: Any) -> APV:
    return APV.objects.create(**apv(**fields))


def approve(one: APV, by: Any, decision: str = "approve", words: str = WORDS) -> Decision:
    return services.decide(
        apv_id=one.pk,
        reviewer=by,
        decision=decision,
        justification=words,
        modifications={"version": "2"} if decision == "modify" else {},
    )
