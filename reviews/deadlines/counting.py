"""Count until when APVs are to be decided on: as they come, change and close, or the rules do."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from reviews.choices import Status
from reviews.deadlines.rules import Times, times
from reviews.filters import parse
from reviews.models import APV, Deadline, DeadlineRule

OPEN = (Status.PENDING, Status.ESCALATED)
"""An APV has a deadline only while it is in one of these."""
RULES_LOCK = 4_862_017
"""A key of PostgreSQL's advisory locks, unlike those of others."""
STORE = """
UPDATE reviews_apv SET due_at = counted.due_at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS counted (apv_id, due_at)
WHERE reviews_apv.apv_id = counted.apv_id
"""
"""Neither its version nor its time of change are new: nothing changed that somebody reads."""


class Counted(NamedTuple):
    """What counting found for an APV: the rule that applies, and its times."""

    rule: DeadlineRule
    times: Times


def follow(apvs: Sequence[APV], *, began_at: datetime | None = None) -> int:
    """Count the deadlines of new or locked APVs anew; return how many are others than before.

    Call it in the transaction that changed them. With `began_at`, their time begins anew.
    """
    still_open = [one for one in apvs if one.status in OPEN]
    rules = rules_in_force() if still_open else []
    if not rules:
        return _end([one for one in apvs if one.due_at is not None])
    ended = _end([one for one in apvs if one.status not in OPEN and one.due_at is not None])
    return ended + _count(still_open, rules, began_at)


def rules_in_force() -> list[DeadlineRule]:
    """Return the active rules, which stay as they are until the transaction ends."""
    lock_rules(shared=True)
    return list(DeadlineRule.objects.in_force())


def lock_rules(*, shared: bool) -> None:
    """Let the rules be read, or be changed, until the transaction ends.

    So no APV is counted by rules that are gone when it is committed, after a recount passed it.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [RULES_LOCK])


def _count(apvs: Sequence[APV], rules: list[DeadlineRule], began_at: datetime | None) -> int:
    before = Deadline.objects.in_bulk([one.pk for one in apvs])
    matching = {rule.pk: _matching(rule, [one.pk for one in apvs]) for rule in rules}
    changed, without = [], []
    for apv in apvs:
        old = before.get(apv.pk)
        since = began_at or (old.began_at if old else apv.open_since)
        found = _strictest((one for one in rules if apv.pk in matching[one.pk]), since)
        if found is None:
            without += [apv] if old or apv.due_at is not None else []
        elif (new := _deadline(apv, found, since, old)).counted != (old and old.counted):
            changed.append(new)
    _store(changed)
    return _end(without) + len(changed)


def _matching(rule: DeadlineRule, ids: Collection[UUID]) -> set[UUID]:
    rows = APV.objects.filter(parse(rule.filter).q(), pk__in=ids)
    return set(rows.values_list("pk", flat=True))


def _strictest(rules: Iterable[DeadlineRule], since: datetime) -> Counted | None:
    """Return the rule whose time is over first, of those that match."""
    found = [Counted(rule, times(rule, since)) for rule in rules]
    return min(found, key=lambda one: one.times.due_at, default=None)


def _deadline(apv: APV, found: Counted, since: datetime, old: Deadline | None) -> Deadline:
    """Return the row of a deadline. One that moves into the future is told again."""
    due_at, warn_at = found.times
    new = Deadline(apv=apv, rule=found.rule, began_at=since, due_at=due_at, warn_at=warn_at)
    if old is not None:
        new.warned_at = old.warned_at if _is_over(warn_at, old.warned_at) else None
        new.passed_at = old.passed_at if _is_over(due_at, old.passed_at) else None
    return new


def _is_over(moment: datetime | None, told_at: datetime | None) -> bool:
    return moment is not None and told_at is not None and moment <= told_at


def _store(deadlines: list[Deadline]) -> None:
    if not deadlines:
        return
    Deadline.objects.bulk_create(
        deadlines,
        update_conflicts=True,
        unique_fields=["apv"],
        update_fields=["rule", "began_at", "due_at", "warn_at", "warned_at", "passed_at"],
    )
    for one in deadlines:
        one.apv.due_at = one.due_at
    _store_copies([one.apv for one in deadlines])


def _end(apvs: list[APV]) -> int:
    """Delete the deadlines of APVs; return how many."""
    if apvs:
        Deadline.objects.filter(apv__in=apvs).delete()
        for one in apvs:
            one.due_at = None
        _store_copies(apvs)
    return len(apvs)


def _store_copies(apvs: list[APV]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STORE, [[one.pk for one in apvs], [one.due_at for one in apvs]])
