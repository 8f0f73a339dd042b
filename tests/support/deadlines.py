"""Rules for deadlines, APVs that they are about, and time that has passed for them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import F
from django.utils import timezone

from reviews import services
from reviews.deadlines import recounting
from reviews.models import APV, Deadline, DeadlineRule
from tests.support.site import apv

OFFICE = "mon-fri 09:00-17:00"


def boss() -> User:
    found = User.objects.filter(username="boss").first()
    return found or User.objects.create_superuser("boss")


def rule(name: str = "in a day", **fields: Any) -> DeadlineRule:
    """Put a rule in force that escalates to the leads, and count all open APVs."""
    given: dict[str, Any] = {"hours": 24, "is_active": True, **fields}
    if not given.get("user"):
        given.setdefault("group", Group.objects.get(name="leads"))
    made = services.save_rule(by=boss(), name=name, **given)
    recounting.go_on()
    return made


def change(made: DeadlineRule, **fields: Any) -> DeadlineRule:
    """Change a rule, and count all open APVs."""
    changed = services.save_rule(by=boss(), rule_id=made.pk, **fields)
    recounting.go_on()
    return changed


def added(**fields: Any) -> APV:
    """Add an APV as every interface does."""
    [one] = services.add_apvs(apvs=[APV(**apv(**fields))])
    return APV.objects.get(pk=one.pk)


def let_pass(one: APV, hours: float) -> None:
    """Let so much time have passed since the rules began and an APV came into the queue."""
    span = timedelta(hours=hours)
    DeadlineRule.objects.update(active_from=F("active_from") - span)
    found = Deadline.objects.get(apv=one)
    warn_at = found.warn_at and found.warn_at - span
    due_at = found.due_at - span
    Deadline.objects.filter(pk=one.pk).update(
        began_at=found.began_at - span, due_at=due_at, warn_at=warn_at
    )
    APV.objects.filter(pk=one.pk).update(due_at=due_at)


def is_close(moment: datetime | None, hours: float) -> bool:
    """Return whether a moment is about so many hours from now."""
    assert moment is not None
    return abs(moment - timezone.now() - timedelta(hours=hours)) < timedelta(minutes=5)
