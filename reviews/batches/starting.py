"""Start a batch, stop it, and take back what it decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews.batches.actions import ACTIONS, OFFERED, UNDO
from reviews.errors import InvalidInput, NotAllowed
from reviews.models import APV, Batch, BatchItem, Decision, ItemState
from reviews.permissions import Permission

MOST = 500
"""How many APVs a batch may have: what a person can answer for, and a job does in a minute."""
MOST_AT_ONCE = 5
"""How many batches of a person may be unfinished."""
BATCH = 9
"""The priority of a batch: what one decision does at the forge comes first."""


@dataclass(frozen=True)
class Chosen:
    """An APV that was chosen, at the version that was seen; or a decision on it, to take back."""

    apv: APV
    version: int
    decision: Decision | None = None


def start(
    *,
    user: Any,
    action: str,
    chosen: Sequence[Chosen],
    justification: str = "",
    confidence: float | None = None,
    address: str = "",
    undoes: Batch | None = None,
    batch_id: UUID | None = None,
) -> Batch:
    """Record what is to be done with the chosen APVs, and have a job do it.

    A batch of the user that has the id `batch_id` already is returned: the first answer may have
    been lost. What cannot be done with one APV fails for that one alone. Raise NotAllowed or
    InvalidInput.
    """
    if not user.has_perm(Permission.DECIDE_APV):
        raise NotAllowed(_("You may not decide on APVs."))
    if batch_id and (found := Batch.objects.filter(pk=batch_id, user=user).first()):
        return found
    if errors := _faults(user, action, chosen):
        raise InvalidInput(errors)
    with publishing():
        batch = Batch.objects.create(
            pk=batch_id or uuid4(),
            user=user,
            action=action,
            justification=justification,
            confidence=confidence,
            undoes=undoes,
            language=get_language() or "en",
            address=address,
            request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        )
        _add_items(batch, chosen)
        codes = [one.apv.apv_code for one in chosen]
        entries.record(
            AuditAction.BATCH_STARTED,
            f"{len(codes)} APVs",
            actor=user,
            batch_id=str(batch.pk),
            what=action,
            codes=codes,
        )
        have_run(batch)
    return batch


def _add_items(batch: Batch, chosen: Sequence[Chosen]) -> None:
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=at, apv=one.apv, version=one.version, decision=one.decision)
        for at, one in enumerate(chosen)
    )


def _faults(user: Any, action: str, chosen: Sequence[Chosen]) -> dict[str, list[str]]:
    known = [one.name for one in OFFERED]
    if action not in ACTIONS:
        message = _("Choose one of {verbs}.").format(verbs=", ".join(known))
        return {"decision": [message]}
    if not chosen:
        return {"apv": [_("Choose at least one APV.")]}
    if len(chosen) > MOST:
        message = ngettext(
            "Choose at most {count} APV at a time.", "Choose at most {count} APVs at a time.", MOST
        )
        return {"apv": [message.format(count=MOST)]}
    if action != UNDO.name and _unfinished(user) >= MOST_AT_ONCE:
        message = _("{count} batches of yours are not finished yet: wait for one, or stop it.")
        return {"apv": [message.format(count=MOST_AT_ONCE)]}
    return {}


def _unfinished(user: Any) -> int:
    waiting = BatchItem.objects.filter(state=ItemState.WAITING, batch__user=user)
    return waiting.values("batch").distinct().count()


def have_run(batch: Batch) -> None:
    """Defer the job that goes on with a batch, in the current transaction.

    The batches of a person run one after another; to take one back comes before the others.
    """
    from reviews import tasks  # it runs what writes through this module

    first = batch.undoes_id is not None
    lock = f"batches:{batch.user_id}"
    tasks.run_batch.configure(lock=lock, priority=BATCH + first).defer(batch_id=str(batch.pk))


def stop(batch: Batch, by: Any) -> int:
    """Stop what of a batch has not begun; return how many APVs that are."""
    with publishing():
        waiting = BatchItem.objects.filter(batch=batch, state=ItemState.WAITING)
        stopped = waiting.update(state=ItemState.STOPPED, ended_at=clock.now())
        if stopped:
            entries.record(
                AuditAction.BATCH_STOPPED,
                f"{stopped} APVs",
                actor=by,
                batch_id=str(batch.pk),
                what=batch.action,
            )
    return stopped


def undo(batch: Batch, by: Any, address: str = "") -> Batch:
    """Stop a batch, and take back what it decided already, by another batch.

    Raise InvalidInput if it decided nothing. What it is too late for fails, and says so.
    """
    with publishing():
        stop(batch, by)
        made = BatchItem.objects.filter(batch=batch, state=ItemState.DONE, decision__isnull=False)
        standing = made.filter(decision__retraction__isnull=True).select_related("apv", "decision")
        chosen = [
            Chosen(one.apv, one.version, one.decision) for one in standing.order_by("-position")
        ]
        return start(user=by, action=UNDO.name, chosen=chosen, address=address, undoes=batch)
