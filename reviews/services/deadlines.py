"""Make rules for deadlines, and change them; all open APVs are counted anew after that."""

from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews.deadlines import counting, recounting, working_hours
from reviews.deadlines.rules import STEADY, hours_of
from reviews.deadlines.working_hours import NotReadable, TooLate
from reviews.errors import FieldErrors, InvalidInput, NotAllowed
from reviews.filters import InvalidFilter, parse
from reviews.filters.kinds import at_most
from reviews.models import Counting, DeadlineRule
from reviews.permissions import Permission
from reviews.team_members import may_be_assigned

LONGEST_NAME = 100
LONGEST_TEXT = 20_000
MOST_HOURS = 8784
"""A leap year on the clock."""


class RuleFields(TypedDict, total=False):
    """The fields of a rule; those that are left out stay as they are."""

    name: str
    order: int
    is_active: bool
    filter: str
    hours: int
    counting: str
    timetable: str
    time_zone: str
    holidays: str
    warn_hours: int
    user: Any
    group: Group | None
    assigns: bool


def save_rule(*, by: Any, rule_id: int | None = None, **fields: Unpack[RuleFields]) -> DeadlineRule:
    """Make a rule, or change the one with this id, and have open APVs counted anew if that matters.

    Raise NotAllowed or InvalidInput.
    """
    with publishing():
        if not by.has_perm(Permission.MANAGE_POLICIES):
            raise NotAllowed(_("You may not manage rules for deadlines."))
        counting.lock_rules(shared=False)
        rule = DeadlineRule() if rule_id is None else _found(rule_id)
        before = content(rule) if rule.pk else {}
        _change(rule, fields)
        check(rule)
        after = content(rule)
        if after == before:
            return rule
        rule.save()
        _record(rule, by, before, after)
        if rule.is_active or before.get("is_active"):
            recounting.begin()
    return rule


def _found(rule_id: int) -> DeadlineRule:
    found = DeadlineRule.objects.select_for_update().filter(pk=rule_id).first()
    if found is None:
        raise InvalidInput({"rule": [_("There is no such rule.")]})
    return found


def _change(rule: DeadlineRule, fields: RuleFields) -> None:
    was_active = rule.is_active
    for name, value in fields.items():
        setattr(rule, name, value)
    if rule.is_active and not was_active:
        rule.active_from = clock.now()  # nothing is overdue as a rule begins


def content(rule: DeadlineRule) -> dict[str, Any]:
    """Return what a rule says, as plain JSON."""
    names = (
        *("name", "order", "is_active", "filter", "hours", "counting", "timetable", "time_zone"),
        *("holidays", "warn_hours", "assigns"),
    )
    return {
        **{name: getattr(rule, name) for name in names},
        "user": rule.user.get_username() if rule.user else "",
        "group": str(rule.group or ""),
    }


def _record(rule: DeadlineRule, by: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    about = f"rule {rule.name}"
    change = "changed" if before else "made"
    entries.record(
        AuditAction.DEADLINE_RULE_CHANGED, about, actor=by, change=change, fields=changed
    )


# -- Checks ---------------------------------------------------------------------------------------


def check(rule: DeadlineRule) -> None:
    """Bring the texts of a rule into their one spelling. Raise InvalidInput with all faults."""
    errors: FieldErrors = {}
    _check_name(rule, errors)
    _check_filter(rule, errors)
    _check_hours(rule, errors)
    _check_working_hours(rule, errors)
    _check_people(rule, errors)
    if not errors and rule.counting == Counting.WORKING:
        _check_end(rule, errors)
    if errors:
        raise InvalidInput(errors)


def _check_name(rule: DeadlineRule, errors: FieldErrors) -> None:
    rule.name = rule.name.strip()
    if not 0 < len(rule.name) <= LONGEST_NAME or not rule.name.isprintable():
        message = _("Write 1 to {most} characters in one line.")
        errors["name"] = [message.format(most=LONGEST_NAME)]
    elif DeadlineRule.objects.filter(name=rule.name).exclude(pk=rule.pk).exists():
        errors["name"] = [_("Another rule has this name.")]
    if not 0 <= rule.order <= 32_767:
        errors["order"] = [_("Give a number from 0 to 32767.")]


def _check_filter(rule: DeadlineRule, errors: FieldErrors) -> None:
    try:
        found = parse(rule.filter.strip())
    except InvalidFilter as error:
        errors["filter"] = [f"{name}: {' '.join(why)}" for name, why in error.errors.items()]
        return
    names = [term.parameter.name for term in found.terms if term.parameter.name not in STEADY]
    if names:
        message = _("{name}: it changes without the APV, so no deadline can hang on it.")
        errors["filter"] = [message.format(name=name) for name in names]
    rule.filter = found.text


def _check_hours(rule: DeadlineRule, errors: FieldErrors) -> None:
    if rule.hours is None or not 1 <= rule.hours <= MOST_HOURS:
        errors["hours"] = [_("Give a number from 1 to {most}.").format(most=MOST_HOURS)]
    elif not 0 <= rule.warn_hours < rule.hours:
        errors["warn_hours"] = [
            _("Give fewer hours than there are to decide, or 0 for no warning.")
        ]


def _check_working_hours(rule: DeadlineRule, errors: FieldErrors) -> None:
    """Check the timetable, also where it does not count yet: it may later."""
    if rule.counting not in Counting.values:
        errors["counting"] = [_("Choose from {values}.").format(values=", ".join(Counting.values))]
    for name, read in (
        ("time_zone", working_hours.read_zone),
        ("holidays", working_hours.read_holidays),
        ("timetable", working_hours.read_week),
    ):
        text = str(getattr(rule, name)).strip().replace("\r\n", "\n")
        setattr(rule, name, text)
        is_needed = name == "time_zone" or rule.counting == Counting.WORKING
        if not text and not is_needed:
            continue
        try:
            if len(text) > LONGEST_TEXT:
                raise NotReadable(at_most(LONGEST_TEXT))
            read(text)
        except NotReadable as error:
            errors[name] = [str(error)]
    if rule.timetable and "timetable" not in errors:
        rule.timetable = working_hours.write_week(working_hours.read_week(rule.timetable))


def _check_people(rule: DeadlineRule, errors: FieldErrors) -> None:
    if (rule.user is None) == (rule.group is None):
        errors["group"] = [_("Name a group or a person, and not both.")]
    elif rule.user is not None and not may_be_assigned(rule.user):
        message = _("{name} may not decide on APVs.")
        errors["user"] = [message.format(name=rule.user.get_username())]


def _check_end(rule: DeadlineRule, errors: FieldErrors) -> None:
    """Check that so many working hours pass in a time that somebody lives to see."""
    hours = hours_of(rule.timetable, rule.time_zone, rule.holidays)
    try:
        hours.after(clock.now(), timedelta(hours=rule.hours))
    except TooLate:
        message = _("So many working hours take more than {days} days.")
        errors["hours"] = [message.format(days=working_hours.LONGEST_WAIT.days)]
