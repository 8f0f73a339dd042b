"""Count the deadlines of all open APVs anew after a rule changed: in a job, some at a time."""

import time
from collections.abc import Sequence

from jobs.deferring import defer_once
from realtime import clock
from realtime.publish import publish
from realtime.transactions import publishing
from reviews.deadlines import counting
from reviews.events import DeadlinesRecounted
from reviews.models import APV, Recount

CHUNK = 500
"""So many APVs are locked at a time."""
SLICE_SECONDS = 2.0
"""How long one job goes on; then others have their turn, and another job continues."""
LOCK = "recount-deadlines"
COLUMNS = ("apv_code", "status", "revision", "created_at", "due_at")


def begin() -> Recount:
    """Have all open APVs counted anew, in the caller's transaction."""
    total = APV.objects.filter(status__in=counting.OPEN).count()
    made = Recount.objects.create(total=total)
    _go_on_soon()
    return made


def go_on() -> None:
    """Go on with the newest recount for a while; defer another job if it is not finished then."""
    until = time.monotonic() + SLICE_SECONDS
    while _count_chunk():
        if time.monotonic() > until:
            _go_on_soon()
            return


def _go_on_soon() -> None:
    from reviews import tasks  # it runs this module

    defer_once(tasks.recount_deadlines, LOCK, timestamp=0)


def _count_chunk() -> bool:
    """Count the next APVs of the newest recount; return whether there were any.

    What was counted and how far it came are committed together, so that a job that is interrupted
    goes on where it was.
    """
    with publishing():
        recount = Recount.objects.select_for_update().order_by("-pk").first()
        if recount is None or recount.ended_at is not None:
            return False
        apvs = _next_of(recount)
        recount.changed += counting.follow(apvs)
        _note(recount, apvs)
        if not apvs and recount.changed:
            publish([DeadlinesRecounted(changed=recount.changed)])
    return bool(apvs)


def _next_of(recount: Recount) -> list[APV]:
    rows = APV.objects.filter(status__in=counting.OPEN).order_by("pk")
    if recount.after is not None:
        rows = rows.filter(pk__gt=recount.after)
    return list(rows.only(*COLUMNS).select_for_update(of=("self",))[:CHUNK])


def _note(recount: Recount, apvs: Sequence[APV]) -> None:
    if apvs:
        recount.after = apvs[-1].pk
        recount.done += len(apvs)
    else:
        recount.ended_at = clock.now()
    recount.save()
