"""Revise APVs, withdraw and reopen them: what becomes of an APV without a decision.

Earlier decisions stay, each with the revision that it was made on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews import claims
from reviews.choices import RevisionReason, Status, WithdrawalReason
from reviews.deadlines import counting
from reviews.diffs.patch_id import patch_id
from reviews.effects.records import stop_unbegun, why_outdated
from reviews.errors import InvalidInput, VersionChanged
from reviews.events import What
from reviews.locking import locked_apv
from reviews.models import APV, EVIDENCE_FOR_PATCH, EXPLOITATION, Revision
from reviews.pull_requests.warnings import before_others, forge_warnings
from reviews.receivers import publish_change
from reviews.services.adding import save_values

Values = Mapping[str, Any]
FROM_THE_FORGE = ("patch_diff", "head_commit", "changes", "validation_passed")
"""What nobody but the forge says of an APV that was made of a pull request there."""


# -- Revisions --------------------------------------------------------------------------------


def revise(apv: APV, values: Values, reason: RevisionReason) -> Revision:
    """Change a locked APV, and make the result its next revision.

    If it was sent back for changes, or its decision was not carried out yet, it is pending again.
    Evidence for the patch before is dropped if the patch is another one.
    """
    _keep_first(apv)
    same_patch = _is_same_patch(apv, values)
    if not same_patch:
        values = {**_without_evidence(), **values}
    status = _status_after(apv)
    head = values.get("head_commit", apv.head_commit)
    stop_unbegun(apv, why_outdated(apv.head_commit, head))
    if apv.approvals:
        values = {**values, "approvals": 0}  # they were of the revision before
    save_values(apv, {**values, "revision": apv.revision + 1, "status": status})
    revision = Revision.of(apv, reason=reason, same_patch=same_patch)
    revision.save(force_insert=True)
    if reason not in {RevisionReason.REOPENED, RevisionReason.RETRACTED}:
        publish_change(apv, _what(revision))
    return revision


def _keep_first(apv: APV) -> None:
    """Store the first revision before the second begins."""
    if apv.revision == 1:
        reason, moment = RevisionReason.OPENED, apv.created_at
        Revision.of(apv, reason=reason, created_at=moment).save(force_insert=True)


def _is_same_patch(apv: APV, values: Values) -> bool:
    if not {"patch_diff", "head_commit"} & values.keys():
        return True
    before = patch_id(apv.patch_diff)
    return before != "" and before == patch_id(values.get("patch_diff", apv.patch_diff))


def _without_evidence() -> dict[str, Any]:
    new = APV()
    return {name: getattr(new, name) for name in EVIDENCE_FOR_PATCH}


def _status_after(apv: APV) -> str:
    """Return the status of an APV as its next revision begins."""
    if apv.status == Status.CHANGES_REQUESTED:
        return Status.PENDING
    if apv.status in {Status.APPROVED, Status.REJECTED} and apv.awaits_effect:
        return Status.PENDING
    return str(apv.status)


def _what(revision: Revision) -> What:
    if revision.reason == RevisionReason.EVIDENCE:
        return "evidence"
    return "rebased" if revision.same_patch else "revised"


def add_evidence(*, apv_id: UUID, values: Values, version: int) -> APV:
    """Change evidence of an APV, which makes its next revision; equal values change nothing.

    `version` is the one that the caller read. Raise UnknownAPV, VersionChanged or InvalidInput.
    """
    with publishing():
        apv = locked_apv(apv_id)
        if version != apv.version:
            raise VersionChanged(apv.version)
        if apv.pull_request_id:
            values = _beside_the_forge(apv, values)
        changed = {name: one for name, one in values.items() if one != getattr(apv, name)}
        if changed:
            _save_evidence(apv, changed)
            entries.record(
                AuditAction.APV_CHANGED,
                apv.apv_code,
                fields=sorted(changed),
                revision=apv.revision,
            )
    return apv


def _save_evidence(apv: APV, changed: Values) -> None:
    """Make the next revision, unless only the odds of an exploit moved, as they do daily."""
    if EXPLOITATION.issuperset(changed):
        save_values(apv, changed)
        publish_change(apv, "evidence")
        return
    is_patch = {"patch_diff", "head_commit"} & changed.keys()
    revise(apv, changed, RevisionReason.PUSHED if is_patch else RevisionReason.EVIDENCE)


def _beside_the_forge(apv: APV, values: Values) -> Values:
    """Return evidence for an APV of a pull request, whose own warnings stay before others.

    Raise InvalidInput for what only the forge says.
    """
    if taken := [name for name in FROM_THE_FORGE if name in values]:
        said = _("It comes from the pull request on the forge.")
        raise InvalidInput({name: [said] for name in taken})
    if "validation_warnings" not in values:
        return values
    own = forge_warnings(apv.forge_warnings, apv.checks)
    return {**values, "validation_warnings": before_others(own, values["validation_warnings"])}


# -- Withdrawn, and back ----------------------------------------------------------------------


WHY_STOPPED = {
    WithdrawalReason.MERGED: "it was merged on the forge",
    WithdrawalReason.CLOSED: "it was closed on the forge",
    WithdrawalReason.SUPERSEDED: "another pull request took its place",
    WithdrawalReason.ADVISORIES: "none of its advisories asks for this change any more",
}
"""What the record says of effects that a withdrawal stops: in one language, as forges do."""

NOT_WITHDRAWN: Values = {
    "withdrawn_reason": "",
    "withdrawn_by": "",
    "withdrawn_at": None,
    "superseded_by": None,
}


class Withdrawal(NamedTuple):
    """Why an APV leaves the queue; `by` is an account of the forge, `superseded_by` a number."""

    reason: WithdrawalReason
    by: str = ""
    at: datetime | None = None
    superseded_by: int | None = None


def withdraw(apv: APV, why: Withdrawal, **details: Any) -> None:
    """Take a locked APV out of the queue, in the caller's transaction.

    `details` are those of the audit entry.
    """
    values = {
        "status": Status.WITHDRAWN,
        "withdrawn_reason": why.reason,
        "withdrawn_by": why.by,
        "withdrawn_at": why.at or clock.now(),
        "superseded_by": why.superseded_by,
    }
    stop_unbegun(apv, WHY_STOPPED[why.reason])
    save_values(apv, values)
    claims.end_any(apv)
    publish_change(apv, "withdrawn")
    entries.record(AuditAction.APV_WITHDRAWN, apv.apv_code, **details)


def reopen(apv: APV, **details: Any) -> None:
    """Put a locked APV back into the queue, in the caller's transaction.

    If its revision was decided, the next one begins, which can be decided anew. `details` are those
    of the audit entry.
    """
    if apv.decisions.filter(revision=apv.revision).exists():
        revise(apv, {}, RevisionReason.REOPENED)
    save_values(apv, {"status": Status.PENDING, **NOT_WITHDRAWN})
    counting.follow([apv], began_at=clock.now())  # nobody could decide meanwhile
    publish_change(apv, "reopened")
    entries.record(AuditAction.APV_REOPENED, apv.apv_code, **details)
