"""Find policies that nobody present could satisfy: too few active people who may decide."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviews.models import PolicyVersion
from reviews.permissions import Permission
from reviews.policies.case import Approver, Case
from reviews.policies.requirements import Requirement, Scope
from reviews.policies.schema import requirements_of


def deciders() -> list[Approver]:
    """Return the active users who may decide, with their groups, in two queries."""
    backend = "django.contrib.auth.backends.ModelBackend"
    users = get_user_model()._default_manager.with_perm(str(Permission.DECIDE_APV), backend=backend)
    return [_approver(user) for user in users.prefetch_related("groups")]


def _approver(user: Any) -> Approver:
    return Approver(user.pk, frozenset(group.name for group in user.groups.all()))


def obstacles(requirements: Iterable[Requirement], people: list[Approver]) -> list[str]:
    """Return why nobody present could satisfy requirements, nothing if all of them together can.

    More approvals never harm, so it is enough that everybody together meets each of them.
    """
    everybody = Case(checks_passed=True, wargame_verdict=None, approvals=tuple(people))
    return [
        _obstacle(one, everybody)
        for one in requirements
        if one.scope == Scope.ROUND and not one.check(everybody).met
    ]


def _obstacle(one: Requirement, everybody: Case) -> str:
    found, count = one.check(everybody), len(everybody.approvals)
    message = ngettext(
        "{label}: there would be {words} if the {count} active person who may decide approved",
        "{label}: there would be {words} if all {count} active people who may decide approved",
        count,
    )
    return message.format(label=one.label, words=found.words, count=count)


def unsatisfiable() -> list[tuple[PolicyVersion, list[str]]]:
    """Return the versions in force that nobody present could satisfy, with the reasons."""
    versions = list(PolicyVersion.objects.in_force())
    if not versions:
        return []
    people = deciders()
    found = [(one, obstacles(requirements_of(one.requirements), people)) for one in versions]
    return [(one, why) for one, why in found if why]


def refusal(why: list[str]) -> str:
    """Return why a policy is not activated, in one text."""
    return _("Nobody present could satisfy it. {why}.").format(why="; ".join(why))
