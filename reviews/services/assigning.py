"""Assign APVs to a person or a group. It forbids nobody else to decide."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.publish import publish
from realtime.transactions import publishing
from reviews.decision_kinds import DecisionKind
from reviews.errors import InvalidInput, NotAllowed
from reviews.events import AssignmentChanged
from reviews.locking import locked_apv
from reviews.models import APV, Assignment, Notice, NoticeKind
from reviews.permissions import DECIDERS, Permission
from reviews.team_members import may_be_assigned, may_be_escalated_to


def assign(*, apv_id: UUID, by: Any, user: str = "", group: str = "") -> Assignment | None:
    """Assign an APV to the user or the group of this name, or to nobody if both are "".

    Raise UnknownAPV, NotAllowed or InvalidInput.
    """
    with publishing():
        apv = locked_apv(apv_id)
        if not by.has_perm(Permission.DECIDE_APV):
            raise NotAllowed(_("You may not assign APVs."))
        if apv.status not in DECIDERS:
            said = _("{code} is {status}, not open.")
            text = said.format(code=apv.apv_code, status=apv.get_status_display())
            raise InvalidInput({"apv_id": [text]})
        return assign_locked(apv, by, user=_user(user), group=_group(group, user))


def assign_locked(apv: APV, by: Any, *, user: Any = None, group: Any = None) -> Assignment | None:
    """Assign a locked APV to a user, a group or nobody, in the caller's transaction."""
    before = Assignment.objects.filter(apv=apv).first()
    if _is_same(before, user, group):
        return before
    made = _write(apv, user, group)
    _tell(apv, by, made)
    entries.record(
        AuditAction.ASSIGNED,
        apv.apv_code,
        actor=by,
        user=user.get_username() if user else "",
        group=str(group or ""),
    )
    return made


def addressee(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the user and the group that an escalation names, None where it names none.

    Raise InvalidInput.
    """
    user, group = fields.get("escalate_to_user", ""), fields.get("escalate_to_group", "")
    if not (user or group):
        return None, None
    name = "escalate_to_user" if user else "escalate_to_group"
    if fields["decision"] != DecisionKind.ESCALATE:
        raise InvalidInput({name: [_("Only an escalation is for somebody.")]})
    if user and group:
        raise InvalidInput({"escalate_to_group": [_("Name a user or a group, not both.")]})
    found = _named(user, get_user_model(), "username") or _named(group, Group, "name")
    if found is None or (user and not may_be_escalated_to(found)):
        message = _("Nobody who may decide on escalated APVs has the name {name}.")
        raise InvalidInput({name: [message.format(name=user or group)]})
    return (found, None) if user else (None, found)


def _named(name: str, model: Any, field: str) -> Any:
    return model._default_manager.filter(**{field: name}).first() if name else None


def assign_by_rule(apv: APV, rule: str, *, user: Any = None, group: Any = None) -> None:
    """Assign a locked APV to a user or a group, as the rule of this name says.

    Its caller records it, and notifies them.
    """
    before = Assignment.objects.filter(apv=apv).first()
    if not _is_same(before, user, group):
        made = _write(apv, user, group)
        publish([_message(apv, rule, made)])


def _is_same(before: Assignment | None, user: Any, group: Any) -> bool:
    if before is None:
        return user is None and group is None
    return bool(before.user == user and before.group == group)


def _write(apv: APV, user: Any, group: Any) -> Assignment | None:
    if user is None and group is None:
        Assignment.objects.filter(apv=apv).delete()
        return None
    values = {"user": user, "group": group, "assigned_at": clock.now()}
    return Assignment.objects.update_or_create(apv=apv, defaults=values)[0]


def _message(apv: APV, by_name: str, made: Assignment | None) -> AssignmentChanged:
    user, group = (made.user, made.group) if made else (None, None)
    return AssignmentChanged(
        apv_id=apv.apv_id,
        apv_code=apv.apv_code,
        assigned_to=user.get_username() if user else "",
        group=str(group or ""),
        assigned_to_name=made.name if made else "",
        by_name=by_name,
    )


def _tell(apv: APV, by: Any, made: Assignment | None) -> None:
    publish([_message(apv, display_name(by), made)])
    user = made.user if made else None
    if user is not None and user.pk != by.pk:
        Notice.objects.create(
            user=user, apv=apv, kind=NoticeKind.ASSIGNED, by_name=display_name(by)
        )


def _user(name: str) -> Any:
    if not name:
        return None
    found = get_user_model()._default_manager.filter(username=name).first()
    if found is None or not may_be_assigned(found):
        message = _("Nobody who may decide has the user name {name}.")
        raise InvalidInput({"user": [message.format(name=name)]})
    return found


def _group(name: str, user: str) -> Any:
    if not name:
        return None
    if user:
        raise InvalidInput({"group": [_("Name a user or a group, not both.")]})
    found = Group.objects.filter(name=name).first()
    if found is None:
        message = _("No group has the name {name}.")
        raise InvalidInput({"group": [message.format(name=name)]})
    return found
