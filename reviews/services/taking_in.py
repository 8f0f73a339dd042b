"""Take pull requests in: make APVs of them, and let these follow what happens on the forge."""

from audit import entries
from audit.choices import AuditAction
from forges.choices import PullRequestState
from forges.models import PullRequest
from realtime.transactions import publishing
from reviews import selectors
from reviews.choices import RevisionReason, Status, WithdrawalReason
from reviews.deadlines import counting
from reviews.decision_kinds import DecisionKind
from reviews.diffs.patch_id import patch_id
from reviews.models import APV, APVAdvisory
from reviews.pull_requests.assessment import assess
from reviews.pull_requests.checks import check_fields
from reviews.pull_requests.fields import Fields
from reviews.pull_requests.fixed_advisories import Fix
from reviews.pull_requests.warnings import before_others, forge_warnings
from reviews.receivers import publish_change
from reviews.services.adding import save_values, with_priority
from reviews.services.revising import Withdrawal, reopen, revise, withdraw

UNDECIDED = (Status.PENDING, Status.ESCALATED, Status.CHANGES_REQUESTED)
"""An APV in one of these leaves the queue when its pull request ends."""
OF_A_REBASE = (
    *("head_commit", "patch_diff", "pr_branch"),
    *("changes", "advisories", "checks", "validation_passed", "forge_warnings"),
)
"""What a push changes if the patch is the same; people may have corrected the rest."""


def take_in(pull_request: PullRequest, *, is_retargeted: bool = False) -> APV | None:
    """Make an APV of a pull request that was read, or let its APV follow it.

    If `is_retargeted`, it goes into another branch than before: what was decided was another thing,
    even if the patch is the same. Return None for a pull request that the rules of its repository
    do not take in. Its row must be locked, so that two never take it in at once.
    """
    with publishing():
        apv = APV.objects.select_for_update().filter(pull_request=pull_request).first()
        if apv is None:
            return _add(pull_request)
        if is_retargeted or _has_moved(apv, pull_request):
            _push(apv, pull_request)
        else:
            _follow_checks(apv, pull_request)
        _follow_state(apv, pull_request)
        counting.follow([apv])  # its author, branch and labels are the pull request's
        return apv


# -- A new one --------------------------------------------------------------------------------


def _add(pull_request: PullRequest) -> APV | None:
    if pull_request.state != PullRequestState.OPEN:
        return None
    assessment = assess(pull_request)
    if not assessment.taken:
        return None
    apv = APV(pull_request=pull_request, **assessment.fields)
    apv.validation_warnings = forge_warnings(apv.forge_warnings, apv.checks)
    apv.save(force_insert=True)
    counting.follow([apv])
    link(apv, assessment.fixes)
    entries.record(
        AuditAction.APVS_ADDED,
        apv.apv_code,
        codes=[apv.apv_code],
        pull_request=name_of(pull_request),
        why=assessment.why,
    )
    return apv


def name_of(pull_request: PullRequest) -> str:
    """Return the name of a pull request for people: forge, repository and number."""
    return f"{selectors.full_name(pull_request.repository)}#{pull_request.number}"


def link(apv: APV, found: list[Fix]) -> None:
    """Link an APV to the advisories that it fixes, and to no others."""
    rows = {one.row.pk: one.row for one in found}
    apv.advisory_links.filter(origin=False).exclude(advisory__in=rows).delete()
    APVAdvisory.objects.bulk_create(
        [APVAdvisory(apv=apv, advisory=row) for row in rows.values()],
        update_conflicts=True,
        update_fields=["applies"],
        unique_fields=["apv", "advisory"],
    )


# -- A push -----------------------------------------------------------------------------------


def _has_moved(apv: APV, pull_request: PullRequest) -> bool:
    """Return whether a pull request has another head commit or diff than its APV."""
    if pull_request.head_sha != apv.head_commit:
        return True
    is_shown = apv.patch_diff and not pull_request.diff_problem
    return bool(is_shown) and pull_request.diff != apv.patch_diff


def _push(apv: APV, pull_request: PullRequest) -> None:
    assessment = assess(pull_request)
    values = _with_warnings(apv, _of_push(apv, assessment.fields))
    before = apv.head_commit
    revise(apv, values, RevisionReason.PUSHED)
    link(apv, assessment.fixes)
    entries.record(
        AuditAction.APV_CHANGED,
        apv.apv_code,
        pull_request=name_of(pull_request),
        revision=apv.revision,
        head_commit=[before, apv.head_commit],
    )


def _of_push(apv: APV, fields: Fields) -> Fields:
    """Return what a push changes: for the same patch less than for another one."""
    fields = {name: value for name, value in fields.items() if name != "pull_request_state"}
    before = patch_id(apv.patch_diff)
    if before and before == patch_id(fields["patch_diff"]):
        return {name: fields[name] for name in OF_A_REBASE}
    return with_priority(apv, fields)


# -- Checks and state -------------------------------------------------------------------------


def _follow_checks(apv: APV, pull_request: PullRequest) -> None:
    """Take over the checks of the head commit; they are no revision by themselves."""
    values = check_fields(pull_request)
    if all(getattr(apv, name) == value for name, value in values.items()):
        return
    values = _with_warnings(apv, values)
    save_values(apv, values)
    publish_change(apv, "evidence")
    entries.record(
        AuditAction.APV_CHANGED,
        apv.apv_code,
        pull_request=name_of(pull_request),
        fields=sorted(values),
    )


def _follow_state(apv: APV, pull_request: PullRequest) -> None:
    """Withdraw an APV whose pull request ended, and reopen it with that."""
    before, now = apv.pull_request_state, pull_request.state
    if before == now:
        return
    save_values(apv, {"pull_request_state": now})
    details = {"pull_request": name_of(pull_request)}
    if now == PullRequestState.OPEN:
        if apv.status in {Status.WITHDRAWN, Status.REJECTED}:
            reopen(apv, **details)
        return
    if now == PullRequestState.MERGED and not _is_approved_at(apv, pull_request.head_sha):
        _record_merge_around(apv, pull_request)
    if _is_withdrawn_with(apv, pull_request):
        why = _withdrawal(apv, pull_request)
        withdraw(apv, why, **details, by=why.by, reason=why.reason)


def _record_merge_around(apv: APV, pull_request: PullRequest) -> None:
    """Record that somebody merged what nobody approved here."""
    entries.record(
        AuditAction.MERGED_AROUND,
        apv.apv_code,
        pull_request=name_of(pull_request),
        by=pull_request.ended_by,
        head_commit=pull_request.head_sha,
        merged_commit=pull_request.merged_sha,
    )


def _is_withdrawn_with(apv: APV, pull_request: PullRequest) -> bool:
    contrary = {PullRequestState.CLOSED: Status.APPROVED, PullRequestState.MERGED: Status.REJECTED}
    return apv.status in UNDECIDED or apv.status == contrary[PullRequestState(pull_request.state)]


def _is_approved_at(apv: APV, head_commit: str) -> bool:
    """Return whether an APV is approved now, and was on that commit."""
    approvals = apv.decisions.standing().final().filter(decision=DecisionKind.APPROVE)
    return apv.status == Status.APPROVED and approvals.filter(head_commit=head_commit).exists()


def _withdrawal(apv: APV, pull_request: PullRequest) -> Withdrawal:
    by, at = pull_request.ended_by[:255], pull_request.ended_at
    if pull_request.state == PullRequestState.MERGED:
        return Withdrawal(WithdrawalReason.MERGED, by, at)
    if (successor := _successor(apv, pull_request)) is not None:
        return Withdrawal(WithdrawalReason.SUPERSEDED, by, at, successor)
    return Withdrawal(WithdrawalReason.CLOSED, by, at)


def _successor(apv: APV, pull_request: PullRequest) -> int | None:
    """Return the newest other open pull request of the same author for the same package."""
    others = APV.objects.filter(
        package_name=apv.package_name,
        package_ecosystem=apv.package_ecosystem,
        pull_request__repository=pull_request.repository,
        pull_request__author=pull_request.author,
        pull_request__state=PullRequestState.OPEN,
    )
    numbers = others.exclude(pk=apv.pk).order_by("-pull_request__number")
    return numbers.values_list("pull_request__number", flat=True).first()


def _with_warnings(apv: APV, values: Fields) -> Fields:
    """Return values for an APV with the warnings that belong to them, and those of pipelines."""
    own = forge_warnings(apv.forge_warnings, apv.checks)
    others = [one for one in apv.validation_warnings if one not in own]
    reading = values.get("forge_warnings", apv.forge_warnings)
    now = forge_warnings(reading, values["checks"])
    return {**values, "validation_warnings": before_others(now, others)}
