"""Warn before deadlines, and escalate when they have passed. No decision is made here.

What is told and that it was told are committed together, and the APV is locked first: it happens
once, though workers are killed and two of them see the same deadline.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.db.models import Min, Q, QuerySet

from audit import entries
from audit.choices import AuditAction
from jobs.deferring import defer_once
from realtime import clock
from realtime.publish import publish
from realtime.transactions import publishing
from reviews import claims
from reviews.deadlines import counting
from reviews.errors import UnknownAPV
from reviews.events import DeadlineChanged, DeadlineWhat
from reviews.locking import locked_apv
from reviews.models import APV, Assignment, Deadline, DeadlineRule, Notice, NoticeKind
from reviews.services.assigning import assign_by_rule
from reviews.team_members import may_be_assigned

logger = structlog.get_logger(__name__)

MOST_AT_ONCE = 1000
AHEAD = timedelta(seconds=90)
"""How far a look sees ahead: the next one that runs by itself comes within a minute."""


def watch() -> int:
    """Tell of what is due by now, and look again when the next is; return how much was told."""
    ids = list(_to_tell(clock.now()).values_list("pk", flat=True)[:MOST_AT_ONCE])
    told = sum(_tell_safely(pk) for pk in ids)
    _look_at_next(is_more=told > 0 and len(ids) == MOST_AT_ONCE)
    return told


def _to_tell(now: datetime) -> QuerySet[Deadline]:
    passed = Q(passed_at=None, due_at__lte=now)
    near = Q(warned_at=None, warn_at__lte=now, passed_at=None)
    return Deadline.objects.filter(passed | near).order_by("due_at", "pk")


def _look_at_next(*, is_more: bool) -> None:
    """Have the next deadline looked at when it comes, if that is before the next minute's look."""
    from reviews import tasks  # it runs this module

    if is_more:
        defer_once(tasks.watch_deadlines, "deadlines", timestamp=0)
    now = clock.now()
    coming = {"gt": now, "lte": now + AHEAD}
    rows = Deadline.objects.all()
    warned = {f"warn_at__{name}": one for name, one in coming.items()}
    passed = {f"due_at__{name}": one for name, one in coming.items()}
    moments = [
        rows.filter(warned_at=None, **warned).aggregate(at=Min("warn_at"))["at"],
        rows.filter(passed_at=None, **passed).aggregate(at=Min("due_at"))["at"],
    ]
    if at := min((one for one in moments if one is not None), default=None):
        defer_once(tasks.watch_deadlines, f"deadlines-{at.isoformat()}", at=at, timestamp=0)


def _tell_safely(pk: UUID) -> bool:
    """Tell of one deadline; a fault of it does not keep the others from being told."""
    try:
        return tell(pk)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the job is tried again
    except UnknownAPV:
        return False  # deleted meanwhile, with its deadline
    except Exception:
        logger.exception("deadline_not_told", apv_id=str(pk))
        return False


def tell(pk: UUID) -> bool:
    """Warn of the deadline of an APV, or escalate it, if it is time; return whether it was."""
    with publishing():
        apv = locked_apv(pk)
        rows = Deadline.objects.select_related("rule__user", "rule__group")
        deadline = rows.filter(apv=apv).first()
        if deadline is None:
            return False
        if apv.status not in counting.OPEN:  # an earlier release closed it
            counting.follow([apv])
            return False
        now = clock.now()
        if deadline.passed_at is None and deadline.due_at <= now:
            _escalate(apv, deadline, now)
        elif _is_near(deadline, now):
            _warn(apv, deadline, now)
        else:
            return False
        return True


def _is_near(deadline: Deadline, now: datetime) -> bool:
    is_untold = deadline.warned_at is None and deadline.passed_at is None
    return is_untold and deadline.warn_at is not None and deadline.warn_at <= now


def _warn(apv: APV, deadline: Deadline, now: datetime) -> None:
    """Tell whoever works on an APV, or else those whom the rule names, that it is due soon."""
    deadline.warned_at = now
    deadline.save(update_fields=["warned_at"])
    people = _workers(apv) or _named(deadline.rule)
    _notify(apv, deadline, people, NoticeKind.DUE_SOON)
    _publish(apv, deadline, "near")


def _escalate(apv: APV, deadline: Deadline, now: datetime) -> None:
    """Assign an APV as its rule says, and tell all whom it concerns. Its status stays."""
    rule = deadline.rule
    deadline.passed_at = now
    deadline.save(update_fields=["passed_at"])
    people = [*_workers(apv), *_named(rule)]
    user = rule.user if rule.user and may_be_assigned(rule.user) else None
    if rule.assigns and (user or rule.group):
        assign_by_rule(apv, rule.name, user=user, group=rule.group)
    _notify(apv, deadline, people, NoticeKind.OVERDUE)
    _publish(apv, deadline, "passed")
    entries.record(
        AuditAction.DEADLINE_PASSED,
        apv.apv_code,
        rule=rule.name,
        due_at=deadline.due_at.isoformat(),
        assigned_to=rule.escalates_to if rule.assigns else "",
    )


def _workers(apv: APV) -> list[Any]:
    """Return who has claimed an APV and whom it is assigned to by name."""
    found = [claim.user] if (claim := claims.claim_of(apv)) else []
    assigned = Assignment.objects.select_related("user").filter(apv=apv).first()
    if assigned and assigned.user:
        found.append(assigned.user)
    if assigned and assigned.group and not found:
        return _members(assigned.group)
    return found


def _named(rule: DeadlineRule) -> list[Any]:
    """Return the people whom a rule names."""
    if rule.user:
        return [rule.user]
    return _members(rule.group) if rule.group else []


def _members(group: Any) -> list[Any]:
    return list(get_user_model()._default_manager.filter(groups=group, is_active=True))


def _notify(apv: APV, deadline: Deadline, people: Iterable[Any], kind: NoticeKind) -> None:
    users = {one.pk: one for one in people if one.is_active}
    text = f"{deadline.due_at:%Y-%m-%d %H:%M} UTC"
    Notice.objects.bulk_create(
        Notice(user=user, apv=apv, kind=kind, by_name=deadline.rule.name, text=text)
        for user in users.values()
    )


def _publish(apv: APV, deadline: Deadline, what: DeadlineWhat) -> None:
    message = DeadlineChanged(
        apv_id=apv.apv_id,
        apv_code=apv.apv_code,
        what=what,
        due_at=deadline.due_at,
        rule=deadline.rule.name,
    )
    publish([message])
