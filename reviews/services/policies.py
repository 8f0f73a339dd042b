"""Make policies, add versions to them, and put them in force."""

import json
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime.transactions import publishing
from reviews.errors import InvalidInput, NotAllowed
from reviews.filters import InvalidFilter, parse
from reviews.models import APV, Policy, PolicyVersion
from reviews.models.decision import OPEN
from reviews.permissions import Permission
from reviews.policies import schema, staffing
from reviews.policies.rounds import round_of
from reviews.receivers import publish_change
from reviews.services.adding import save_values

LONGEST_NAME = 100


def make_policy(
    *, by: Any, name: str, filter: str, requirements: Any, order: int = 100
) -> PolicyVersion:
    """Make a policy with its first version, which is not in force yet.

    Raise NotAllowed or InvalidInput.
    """
    with publishing():
        _check_manager(by)
        policy = Policy(name=_name(name), order=_order(order))
        version = checked_version(policy, by, filter, requirements)
        policy.save(force_insert=True)
        return _store(version, "made")


def add_version(*, policy_id: int, by: Any, filter: str, requirements: Any) -> PolicyVersion:
    """Add a version to a policy, which is in force at once if the policy is active.

    Equal contents change nothing. Raise NotAllowed or InvalidInput.
    """
    with publishing():
        _check_manager(by)
        policy = locked_policy(policy_id)
        version = checked_version(policy, by, filter, requirements)
        before = policy.versions.order_by("-number").first()
        same = ("filter", "requirements")
        if before and all(getattr(before, name) == getattr(version, name) for name in same):
            return before
        if policy.is_active:
            _check_staffed(version)
        _store(version, "changed")
    if policy.is_active:
        recount_rounds()
    return version


def set_active(*, policy_id: int, by: Any, active: bool) -> Policy:
    """Put the newest version of a policy in force, or take the policy out of force.

    Raise NotAllowed, or InvalidInput if nobody present could satisfy it.
    """
    with publishing():
        _check_manager(by)
        policy = locked_policy(policy_id)
        if policy.is_active == active:
            return policy
        if active and (version := policy.versions.order_by("-number").first()):
            _check_staffed(version)
        policy.is_active = active
        policy.save(update_fields=["is_active"])
        _record(policy, by, "activated" if active else "deactivated")
    recount_rounds()
    return policy


def draft(
    *, by: Any, filter: str, requirements: Any, name: str = "", policy_id: int | None = None
) -> PolicyVersion:
    """Return a version that is not stored, to be tried. Raise NotAllowed or InvalidInput."""
    _check_manager(by)
    policy = Policy(name=name) if policy_id is None else Policy.objects.get(pk=policy_id)
    return checked_version(policy, by, filter, requirements)


def recount_rounds() -> int:
    """Count anew what the rounds under way need, each in its own transaction; return how many.

    A round that has all it needs now is not decided by that: the next approval completes it.
    """
    under_way = APV.objects.filter(status__in=OPEN, approvals__gt=0)
    return sum(_recount(pk) for pk in list(under_way.values_list("pk", flat=True)))


def _recount(apv_id: UUID) -> bool:
    """Count the round of an APV anew; return whether that differs from what was counted."""
    with publishing():
        apv = APV.objects.with_pull_request().select_for_update(of=("self",)).get(pk=apv_id)
        if apv.status not in OPEN or not apv.approvals:
            return False
        evaluation = round_of(apv).evaluation
        counts = {"approvals": evaluation.approvals, "approvals_needed": evaluation.needed}
        if all(getattr(apv, name) == count for name, count in counts.items()):
            return False
        save_values(apv, counts)
        publish_change(apv, "approval")
        return True


def locked_policy(policy_id: int) -> Policy:
    """Return a policy, locked. Raise InvalidInput if there is none."""
    policy = Policy.objects.select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise InvalidInput({"policy": [_("There is no such policy.")]})
    return policy


def _check_manager(by: Any) -> None:
    if not by.has_perm(Permission.MANAGE_POLICIES):
        raise NotAllowed(_("You may not manage policies."))


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        message = _("Write 1 to {most} characters in one line.")
        raise InvalidInput({"name": [message.format(most=LONGEST_NAME)]})
    if Policy.objects.filter(name=name).exists():
        raise InvalidInput({"name": [_("Another policy has this name.")]})
    return name


def _order(given: int) -> int:
    if not 0 <= given <= 32_767:
        raise InvalidInput({"order": [_("Give a number from 0 to 32767.")]})
    return given


def checked_version(policy: Policy, by: Any, filter: str, requirements: Any) -> PolicyVersion:
    """Return the next version of a policy, unsaved, in its canonical form. Raise InvalidInput."""
    errors: dict[str, list[str]] = {}
    text, values = "", {}
    try:
        text = parse(filter).text
    except InvalidFilter as error:
        errors["filter"] = [f"{name}: {' '.join(why)}" for name, why in error.errors.items()]
    try:
        values = schema.checked(read_json(requirements))
    except InvalidInput as error:
        errors |= error.errors
    if errors:
        raise InvalidInput(errors)
    last = policy.versions.aggregate(last=Max("number"))["last"] if policy.pk else 0
    return PolicyVersion(
        policy=policy, number=(last or 0) + 1, filter=text, requirements=values, made_by=by
    )


def read_json(given: Any) -> Any:
    """Return requirements that may have come as text. Raise InvalidInput."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        message = _("This is no JSON object: {error}.")
        raise InvalidInput({schema.FIELD: [message.format(error=error)]}) from None


def _check_staffed(version: PolicyVersion) -> None:
    asked = schema.requirements_of(version.requirements)
    if why := staffing.obstacles(asked, staffing.deciders()):
        raise InvalidInput({schema.FIELD: [staffing.refusal(why)]})


def _store(version: PolicyVersion, change: str) -> PolicyVersion:
    version.policy_id = version.policy.pk
    version.sha256 = version.digest()
    version.save(force_insert=True)
    details = {"number": version.number, "filter": version.filter, "sha256": version.sha256}
    _record(version.policy, version.made_by, change, **details)
    return version


def _record(policy: Policy, by: Any, change: str, **details: Any) -> None:
    about = f"policy {policy.name}"
    entries.record(AuditAction.POLICY_CHANGED, about, actor=by, change=change, **details)
