"""The status `hitl-console` of head commits, which a repository can require before merges."""

from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import transaction

from forges.choices import CheckState, PullRequestState
from forges.clients import client_for
from forges.clients.base import Client
from forges.errors import REFUSALS, ForgeError
from jobs.deferring import defer_once
from realtime import clock
from reviews.choices import EffectKind, EffectState, Status
from reviews.effects import comments
from reviews.models import APV, Effect, Gate

logger = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """The status that a commit should have."""

    head_commit: str
    state: CheckState
    description: str


def wanted_status(apv: APV) -> Wanted | None:
    """Return the status that an APV's head commit should have, None if it may have any.

    An approval counts once it cannot be taken back any more: the forge itself may merge as soon as
    it sees a success.
    """
    if not apv.head_commit or apv.status in {Status.WITHDRAWN, Status.DISMISSED}:
        return None
    if apv.status == Status.APPROVED and _is_carried_out(apv):
        return Wanted(apv.head_commit, CheckState.SUCCESS, "Approved")
    if apv.status == Status.REJECTED:
        return Wanted(apv.head_commit, CheckState.FAILURE, "Rejected")
    if apv.status == Status.CHANGES_REQUESTED:
        return Wanted(apv.head_commit, CheckState.FAILURE, "Changes requested")
    return Wanted(apv.head_commit, CheckState.PENDING, _waiting(apv))


def _waiting(apv: APV) -> str:
    """Return what an APV without a decision waits for, in one language, as forges do."""
    if apv.approvals:
        return f"{apv.approvals} of {apv.approvals_needed} approvals"
    return "Waits for a decision"


def _is_carried_out(apv: APV) -> bool:
    """Return whether what an approval wants has begun. A revision has one final decision."""
    approval = {"decision__apv": apv, "decision__revision": apv.revision, "kind": EffectKind.MERGE}
    effect = Effect.objects.filter(**approval, head_commit=apv.head_commit).first()
    if effect is None or effect.state in {EffectState.HELD, EffectState.CANCELLED}:
        return False
    return effect.state != EffectState.QUEUED or effect.attempts > 0


def set_status(client: Client, apv: APV, *, again: bool = False) -> None:
    """Set the status of an APV's head commit, unless it was set so before; `again`, in any case.

    Its row stays locked until the forge has answered, so that no older status comes after a newer
    one. A forge that refuses it is noted, and no obstacle. Raise Limited or Unavailable.
    """
    Gate.objects.get_or_create(apv=apv)
    error = None
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(apv=apv)
        wanted = wanted_status(APV.objects.get(pk=apv.pk))
        is_set = wanted == (gate.head_commit, gate.state, gate.description)
        if wanted is None or (is_set and not again):
            return
        try:
            _ask(client, apv, wanted)
        except ForgeError as found:
            logger.warning("gate_not_set", apv=apv.apv_code, error=found.code, words=found.words)
            error, gate.problem = found, found.words
        else:
            gate.head_commit, gate.state, gate.description = wanted
            gate.set_at, gate.problem = clock.now(), ""
        gate.save()
    if error is not None and not isinstance(error, REFUSALS):
        raise error


def approve(client: Client, apv: APV, commit: str) -> None:
    """Set a success on a commit that a merge queue made of an approved one.

    A failure is noted, and no obstacle: the next look at the queue sets it again.
    """
    try:
        _ask(client, apv, Wanted(commit, CheckState.SUCCESS, "Approved"))
    except ForgeError as error:
        logger.warning("gate_not_set", apv=apv.apv_code, error=error.code, words=error.words)


def _ask(client: Client, apv: APV, wanted: Wanted) -> None:
    assert apv.pull_request
    client.set_status(
        apv.pull_request.repository.path,
        wanted.head_commit,
        state=wanted.state,
        description=wanted.description,
        url=comments.address_of(apv.apv_code),
    )


def set_now(apv_id: UUID) -> None:
    """Set the status of an APV's head commit, in this thread. Raise Limited or Unavailable."""
    apv = APV.objects.select_related("pull_request__repository__forge").get(pk=apv_id)
    if (repository := apv.watched_repository) is None:
        return
    with client_for(repository.forge) as client:
        set_status(client, apv)


def sweep() -> None:
    """Have statuses set that a forge refused: it may take them by now."""
    refused = APV.objects.filter(pull_request_state=PullRequestState.OPEN, gate__problem__gt="")
    for apv in refused.only("pk")[:1000]:
        set_soon(apv)


def set_soon(apv: APV) -> None:
    """Have the status of an APV's head commit set, once for all changes before that begins."""
    from reviews import tasks  # it runs this module

    defer_once(tasks.set_gate, f"gate:{apv.pk}", priority=tasks.GATE, apv_id=str(apv.pk))
