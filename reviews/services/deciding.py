"""Decide on an APV: the rules of a decision, and its record."""

import hashlib
import math
from collections.abc import Iterator
from typing import Any, Required, TypedDict, Unpack
from uuid import UUID

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.compiled_queries import insert
from realtime.transactions import publishing
from reviews import claims
from reviews.choices import Action, Status
from reviews.decision_kinds import DecisionKind
from reviews.effects import records
from reviews.errors import (
    AlreadyApproved,
    AlreadyDecided,
    InvalidInput,
    NotAllowed,
    VersionChanged,
)
from reviews.locking import locked_apv
from reviews.models import APV, JUSTIFICATION_LENGTH, Decision
from reviews.orders import DECISIONS
from reviews.permissions import DECIDERS, Permission
from reviews.policies import refusals
from reviews.policies.rounds import Round, approvals_of, look_around, round_of
from reviews.receivers import publish_change, publish_decision
from reviews.services.adding import save_values
from reviews.services.assigning import addressee, assign_locked


class DecisionFields(TypedDict, total=False):
    """The fields of a reviewer's decision.

    `confidence` is 0 to 1, or None if not given; `version`, if given, is the version of the APV
    that the reviewer read; `reviewer_name` and `reviewer_email` count only with the permission
    `decide_on_behalf`. An escalation may name the lead or the group who is to decide.
    """

    decision: Required[str]
    justification: Required[str]
    confidence: float | None
    modifications: dict[str, Any] | None
    version: int | None
    reviewer_name: str
    reviewer_email: str
    escalate_to_user: str
    escalate_to_group: str


def decide(*, apv_id: UUID, reviewer: Any, **fields: Unpack[DecisionFields]) -> Decision:
    """Record a person's decision on an APV, change the APV, and have the decision carried out.

    All of that is one transaction. If policies ask for more than this approval, it waits for the
    others, and nothing else happens. Raise UnknownAPV, NotAllowed, InvalidInput, AlreadyDecided,
    AlreadyApproved or VersionChanged.
    """
    with publishing():
        apv = locked_apv(apv_id, "claim", "assignment")  # the policies see them
        _check_as_it_is(apv, reviewer, fields)
        around = look_around(apv, reviewer)
        found = round_of(apv, reviewer, fields["justification"], around)
        _check_policies(found, fields["decision"])
        record = _record(apv, reviewer, fields, found)
        record.remember_no_retraction()
        before = apv.status
        _follow(record, found)
        if around.is_claimed:
            claims.end_after_decision(apv, reviewer, before=before)
        user, group = addressee(fields)
        if user or group:
            assign_locked(apv, reviewer, user=user, group=group)
        entries.record(
            AuditAction.DECIDED,
            apv.apv_code,
            actor=reviewer,
            decision=record.decision,
            decision_id=str(record.pk),
            reviewer_name=record.reviewer_name,
        )
    return record


def _follow(record: Decision, found: Round) -> None:
    """Change the APV as a new decision wants, and have it carried out unless it waits."""
    apv = record.apv
    if record.is_awaiting:
        evaluation = found.evaluation.after_approval()
        counts = {"approvals": evaluation.approvals, "approvals_needed": evaluation.needed}
        save_values(apv, counts)
        publish_change(apv, "approval")
        return
    values: dict[str, Any] = {"status": record.traits.outcome}
    if record.is_final and apv.approvals:
        values["approvals"] = 0  # the round is over
    save_values(apv, values)
    records.make(record, apv)


def check(*, apv: APV, reviewer: Any, **fields: Unpack[DecisionFields]) -> None:
    """Raise what `decide` would raise for the current `apv`."""
    _check_as_it_is(apv, reviewer, fields)
    if fields["decision"] == DecisionKind.APPROVE:
        _check_policies(round_of(apv, reviewer, fields["justification"]), fields["decision"])


def _check_policies(found: Round, decision: str) -> None:
    """Raise NotAllowed or InvalidInput if policies refuse an approval: they ask nothing of else."""
    if decision == DecisionKind.APPROVE:
        refusals.check(found.evaluation)


def _check_as_it_is(apv: APV, reviewer: Any, fields: DecisionFields) -> None:
    """Check all rules but those of policies."""
    if not reviewer.has_perm(Permission.DECIDE_APV):
        raise NotAllowed(_("You may not decide on APVs."))
    if apv.status in DECIDERS and is_barred(reviewer, apv):
        message = _("You added {code} yourself, so somebody else must decide on it.")
        raise NotAllowed(message.format(code=apv.apv_code))
    _check_open(apv, fields["decision"], reviewer)
    if fields["decision"] == DecisionKind.APPROVE:
        _check_not_approved(apv, reviewer)
    version = fields.get("version")
    if version is not None and version != apv.version:
        raise VersionChanged(apv.version)
    if errors := dict(_faults(apv, fields)):
        raise InvalidInput(errors)
    addressee(fields)


def may_decide(user: Any, apv: APV) -> bool:
    """Return whether `user` may decide on the current `apv`."""
    needed = DECIDERS.get(Status(apv.status))
    return needed is not None and bool(user.has_perms(needed)) and not is_barred(user, apv)


def is_barred(user: Any, apv: APV) -> bool:
    """Return whether `user` added `apv` and the settings forbid them to decide on it."""
    return apv.submitted_by_id == user.pk and not settings.HITL_SUBMITTER_MAY_DECIDE


def _check_open(apv: APV, decision: str, reviewer: Any) -> None:
    """Check the status: reviewers decide on pending APVs, leads on escalated ones."""
    if apv.status == Status.ESCALATED and decision != DecisionKind.ESCALATE:
        if not may_decide(reviewer, apv):
            message = _("{code} is escalated: only leads decide on it.")
            raise NotAllowed(message.format(code=apv.apv_code))
        return
    if apv.status == Status.PENDING:
        return
    standing = (
        apv.decisions.without_awaiting().order_by(*DECISIONS.by).select_related("apv").first()
    )
    if standing is None or apv.status == Status.WITHDRAWN:
        message = _("{code} is {status}, not open.")
        said = message.format(code=apv.apv_code, status=apv.get_status_display())
        raise InvalidInput({"apv_id": [said]})
    sees_decisions = reviewer.has_perm(Permission.VIEW_DECISION)
    raise AlreadyDecided(standing, sees_decisions=sees_decisions)


def _check_not_approved(apv: APV, reviewer: Any) -> None:
    """Raise AlreadyApproved if an approval by the same person waits for others."""
    if not apv.approvals:
        return
    own = (one for one in approvals_of(apv) if one.reviewer_id == reviewer.pk)
    if (approval := next(own, None)) is not None:
        approval.apv = apv
        raise AlreadyApproved(approval)


def wanted_justification() -> str:
    """Return how long a justification must be, with numbers in the language's format."""
    least, most = (number_format(bound, force_grouping=True) for bound in JUSTIFICATION_LENGTH)
    return _("Write {least} to {most} characters.").format(least=least, most=most)


def _faults(apv: APV, fields: DecisionFields) -> Iterator[tuple[str, list[str]]]:
    """Return the fields that break a rule, each with the reasons."""
    least, most = JUSTIFICATION_LENGTH
    if not least <= len(fields["justification"].strip()) <= most:
        yield "justification", [wanted_justification()]
    confidence = fields.get("confidence")
    if confidence is not None and not (math.isfinite(confidence) and 0 <= confidence <= 1):
        yield "confidence", [_("Give a number from 0 to 1.")]
    if fields["decision"] not in DecisionKind.values:
        message = _("Choose one of {verbs}.")
        yield "decision", [message.format(verbs=", ".join(DecisionKind.values))]
    else:
        yield from _faults_of_kind(apv, DecisionKind(fields["decision"]), fields)


def _faults_of_kind(
    apv: APV, kind: DecisionKind, fields: DecisionFields
) -> Iterator[tuple[str, list[str]]]:
    if kind.traits.needs_pull_request and apv.pr_number is None:
        message = _("{code} has no pull request to {verb}.")
        yield "decision", [message.format(code=apv.apv_code, verb=kind.label)]
    elif kind.traits.for_none and apv.pr_number is not None:
        message = _("{code} has a pull request: reject it, which closes that.")
        yield "decision", [message.format(code=apv.apv_code)]
    elif kind.traits.needs_modifications and not fields.get("modifications"):
        yield "modifications", [_("Say what to change.")]


def _signature(reviewer: Any, name: str, email: str) -> tuple[str, str]:
    own_name, own_email = display_name(reviewer), reviewer.email
    if reviewer.has_perm(Permission.DECIDE_ON_BEHALF):
        return name.strip() or own_name, email.strip() or own_email
    return own_name, own_email


def _action(kind: DecisionKind, found: Round) -> Action:
    """Return what a decision triggers: an approval waits until the policies have all they ask."""
    if kind == DecisionKind.APPROVE and not found.evaluation.after_approval().is_complete:
        return Action.AWAITING_APPROVAL
    return kind.traits.action


def _record(apv: APV, reviewer: Any, fields: DecisionFields, found: Round) -> Decision:
    """Write and publish the decision, with a snapshot of the APV and of what policies saw."""
    now = clock.now()
    kind = DecisionKind(fields["decision"])
    given_name, given_email = fields.get("reviewer_name", ""), fields.get("reviewer_email", "")
    name, email = _signature(reviewer, given_name, given_email)
    record = Decision(
        apv=apv,
        decision=kind,
        justification=fields["justification"].strip(),
        confidence=fields.get("confidence"),
        modifications=fields.get("modifications") or {},
        reviewer=reviewer,
        reviewer_name=name,
        reviewer_email=email,
        cve_id=apv.cve_id,
        severity=apv.severity,
        patch_strategy=apv.patch_strategy,
        wargame_verdict=apv.wargame_verdict,
        recommendation=apv.recommendation,
        diff_sha256=hashlib.sha256(apv.patch_diff.encode()).hexdigest(),
        apv_version=apv.version,
        revision=apv.revision,
        head_commit=apv.head_commit,
        review_seconds=max(0.0, (now - apv.open_since).total_seconds()),
        escalate_to_user=fields.get("escalate_to_user", ""),
        escalate_to_group=fields.get("escalate_to_group", ""),
        action_taken=_action(kind, found),
        decided_at=now,
        policies=found.hashes,
        facts=found.snapshot,
    )
    insert([record])
    publish_decision(record)
    return record
