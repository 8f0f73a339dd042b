"""Run a batch: each of its APVs in a transaction of its own.

What was done with an APV and that it was done are committed together, so that a job that is
interrupted, or runs twice, does nothing twice.
"""

import time
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from audit import entries
from audit.choices import Source
from realtime import clock
from realtime.transactions import publishing
from reviews.batches.actions import ACTIONS
from reviews.batches.starting import have_run
from reviews.errors import InvalidInput, ReviewError
from reviews.models import Batch, BatchItem, ItemState

logger = structlog.get_logger(__name__)

SLICE_SECONDS = 2.0
"""How long one job goes on; then others have their turn, and another job continues."""


def run(batch_id: UUID) -> None:
    """Go on with a batch for a while; defer another job if it is not finished then."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return
    until = time.monotonic() + SLICE_SECONDS
    with (
        translation.override(batch.language),
        entries.on_behalf(Source.CONSOLE, batch.address),
        structlog.contextvars.bound_contextvars(request_id=batch.request_id),
    ):
        for pk in _waiting(batch):
            if time.monotonic() > until:
                have_run(batch)
                return
            _run_item(pk)


def _waiting(batch: Batch) -> list[int]:
    items = BatchItem.objects.filter(batch=batch, state=ItemState.WAITING)
    return list(items.order_by("position").values_list("pk", flat=True))


def _run_item(pk: int) -> None:
    try:
        with publishing():
            item = _locked(pk)
            if item is not None:
                made = ACTIONS[item.batch.action].do(item, _user(item.batch.user_id))
                _end(item, ItemState.DONE, decision=made or item.decision)
    except ReviewError as error:
        _fail(pk, reasons(error))
    except (OperationalError, InterfaceError):
        raise  # the database is away: the job is tried again
    except Exception:
        logger.exception("batch_item_failed", item=pk)
        _fail(pk, _("The server has trouble of its own with it."))


def _locked(pk: int) -> BatchItem | None:
    """Return an item that waits, locked; None if it does not wait any more."""
    items = BatchItem.objects.select_related("batch", "apv", "decision")
    locked = items.select_for_update(of=("self",))
    return locked.filter(pk=pk, state=ItemState.WAITING).first()


def _user(pk: int) -> Any:
    """Return the person anew: what they may do can change while a batch runs."""
    return get_user_model().objects.get(pk=pk)


def _fail(pk: int, reason: str) -> None:
    with publishing():
        item = _locked(pk)
        if item is not None:
            _end(item, ItemState.FAILED, reason=reason)


def _end(item: BatchItem, state: ItemState, **values: Any) -> None:
    for name, value in values.items():
        setattr(item, name, value)
    item.state, item.ended_at = state, clock.now()
    item.save(update_fields=["state", "ended_at", *values])


def reasons(error: ReviewError) -> str:
    """Return why something is refused, in a sentence or several."""
    if isinstance(error, InvalidInput):
        return " ".join(reason for why in error.errors.values() for reason in why)
    return str(error)
