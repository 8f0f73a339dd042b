"""What REST returns, and what it takes.

Made from the code of the server: make docs.
"""

from datetime import datetime
from typing import Any, Required, TypedDict
from uuid import UUID

from pydantic import Field

from hitl_client.choices import (
    Action,
    CheckState,
    DecisionKind,
    EffectKind,
    EffectState,
    PatchStrategy,
    PullRequestState,
    RiskLevel,
    Severity,
    Status,
    WargameVerdict,
    WithdrawalReason,
)
from hitl_client.model import Record


class Position(Record):
    """A position in a channel's log."""

    epoch: str
    offset: int


class Check(Record):
    """A check of the head commit on the forge."""

    name: str
    state: CheckState | str
    url: str
    summary: str


class Change(Record):
    """A package that a patch moves; `from` is null if it is new, `to` if it goes."""

    package: str
    ecosystem: str
    from_: str | None = Field(alias="from")
    to: str | None
    direct: bool | None
    file: str


class Withdrawn(Record):
    """Who withdrew an APV, when and why."""

    by: str
    at: datetime
    reason: WithdrawalReason | str
    superseded_by: int | None


class AdvisoryOfAPV(Record):
    """An advisory of an APV, and its state."""

    id: str
    modified: datetime | None
    withdrawn: datetime | None
    applies: bool
    aliases: list[str]
    severity: str | None
    score: float | None
    summary: str


class APV(Record):
    """A complete APV: what a pipeline sends and a reviewer reads."""

    apv_id: UUID
    apv_code: str
    status: Status | str
    version: int
    priority: int | None
    severity: Severity | str
    severity_source: str
    cve_id: str | None
    cve_title: str
    cve_description: str
    cvss_score: float | None
    cvss_vector: str
    cwe_ids: list[str]
    package_name: str
    package_version: str
    package_ecosystem: str
    fixed_version: str
    vulnerable_code_signature: str
    vulnerable_code_type: str
    affected_files: list[str]
    confirmed: bool
    confirmation_confidence: float | None
    static_confidence: float | None
    dynamic_confidence: float | None
    false_positive_probability: float | None
    patch_strategy: PatchStrategy | str
    patch_description: str
    patch_diff: str
    patch_confidence: float | None
    patch_risk_level: RiskLevel | str | None
    validation_passed: bool
    validation_confidence: float | None
    validation_warnings: list[str]
    pr_number: int | None
    pr_url: str
    pr_branch: str
    wargame_verdict: WargameVerdict | str | None
    wargame_confidence: float | None
    wargame_run_url: str
    wargame_evidence: Any
    created_at: datetime
    updated_at: datetime
    submitted_by: str | None
    advisories: list[AdvisoryOfAPV]
    repository: str | None
    author: str | None
    head_commit: str
    labels: list[str]
    checks: list[Check]
    changes: list[Change]
    revision: int
    pull_request_state: PullRequestState | str | None
    withdrawn: Withdrawn | None
    epss: float | None
    known_exploited: bool | None
    due_at: datetime | None
    deadline_rule: str | None


class APVLine(Record):
    """An APV in a list, without long fields."""

    apv_id: UUID
    apv_code: str
    status: Status | str
    version: int
    priority: int | None
    severity: Severity | str
    severity_source: str
    cve_id: str | None
    cve_title: str
    cvss_score: float | None
    cvss_vector: str
    cwe_ids: list[str]
    package_name: str
    package_version: str
    package_ecosystem: str
    fixed_version: str
    vulnerable_code_type: str
    confirmed: bool
    confirmation_confidence: float | None
    static_confidence: float | None
    dynamic_confidence: float | None
    false_positive_probability: float | None
    patch_strategy: PatchStrategy | str
    patch_confidence: float | None
    patch_risk_level: RiskLevel | str | None
    validation_passed: bool
    validation_confidence: float | None
    pr_number: int | None
    pr_url: str
    pr_branch: str
    wargame_verdict: WargameVerdict | str | None
    wargame_confidence: float | None
    wargame_run_url: str
    created_at: datetime
    updated_at: datetime
    submitted_by: str | None
    advisories: list[AdvisoryOfAPV]
    repository: str | None
    author: str | None
    head_commit: str
    labels: list[str]
    revision: int
    pull_request_state: PullRequestState | str | None
    withdrawn: Withdrawn | None
    epss: float | None
    known_exploited: bool | None
    due_at: datetime | None
    deadline_rule: str | None


class QueueItem(Record):
    """An APV in the queue."""

    apv_id: UUID
    apv_code: str
    cve_id: str | None
    severity: Severity | str
    package_name: str
    patch_strategy: PatchStrategy | str
    wargame_verdict: WargameVerdict | str | None
    confirmation_confidence: float | None
    created_at: datetime
    waiting_since: float
    priority: int | None
    status: Status | str
    version: int


class Effect(Record):
    """What carries a decision out, and what has become of it."""

    kind: EffectKind | str
    state: EffectState | str
    head_commit: str
    attempts: int
    answer: str
    merged_commit: str
    url: str
    held_until: datetime | None
    next_at: datetime | None
    changed_at: datetime
    done_at: datetime | None


class Retraction(Record):
    """Who took a decision back, when and why."""

    reason: str
    retracted_by_name: str
    retracted_at: datetime


class Decision(Record):
    """A recorded decision."""

    decision_id: UUID
    apv_id: UUID
    apv_code: str
    decision: DecisionKind | str
    justification: str
    confidence: float
    modifications: Any
    reviewer_name: str
    reviewer_email: str
    cve_id: str | None
    severity: Severity | str
    patch_strategy: PatchStrategy | str
    wargame_verdict: WargameVerdict | str | None
    action_taken: Action | str
    outcome_notes: str
    decided_at: datetime
    action_completed_at: datetime | None
    confidence_stated: bool
    apv_version: int
    diff_sha256: str
    by_submitter: bool
    revision: int
    head_commit: str
    effect: Effect | None
    retraction: Retraction | None
    escalate_to_user: str
    escalate_to_group: str


class Stats(Record):
    """The dashboard's numbers; null if there are no data to compute one from."""

    pending_reviews: int
    total_decisions: int
    decisions_today: int
    decisions_this_week: int
    approved_count: int
    rejected_count: int
    modified_count: int
    escalated_count: int
    dismissed_count: int
    average_review_time_seconds: float | None
    median_review_time_seconds: float | None
    fastest_review_seconds: float | None
    slowest_review_seconds: float | None
    human_ai_agreement_rate: float | None
    auto_merge_prevention_rate: float | None
    critical_pending: int
    high_pending: int
    medium_pending: int
    low_pending: int


class Ticket(Record):
    """A ticket, which opens one socket."""

    ticket: str
    expires_in: int


ChangeFields = TypedDict(
    "ChangeFields",
    {
        "package": Required[str],
        "ecosystem": Required[str],
        "from": Required[str | None],
        "to": Required[str | None],
        "direct": bool | None,
        "file": str,
    },
    total=False,
)
"""A package that a patch moves; `from` is null if it is new, `to` if it goes."""


class APVFields(TypedDict, total=False):
    """A complete APV: what a pipeline sends and a reviewer reads."""

    apv_code: str
    priority: int | None
    severity: Required[Severity]
    severity_source: str
    cve_id: str | None
    cve_title: str
    cve_description: str
    cvss_score: float | None
    cvss_vector: str
    cwe_ids: list[str]
    package_name: Required[str]
    package_version: str
    package_ecosystem: str
    fixed_version: str
    vulnerable_code_signature: str
    vulnerable_code_type: str
    affected_files: list[str]
    confirmed: bool
    confirmation_confidence: float | None
    static_confidence: float | None
    dynamic_confidence: float | None
    false_positive_probability: float | None
    patch_strategy: Required[PatchStrategy]
    patch_description: str
    patch_diff: str
    patch_confidence: float | None
    patch_risk_level: RiskLevel | None
    validation_passed: bool
    validation_confidence: float | None
    validation_warnings: list[str]
    pr_number: int | None
    pr_url: str
    pr_branch: str
    wargame_verdict: WargameVerdict | None
    wargame_confidence: float | None
    wargame_run_url: str
    wargame_evidence: Any
    head_commit: str
    changes: list[ChangeFields]
    epss: float | None
    known_exploited: bool | None


class EvidenceFields(TypedDict, total=False):
    """What a pipeline changes of an APV: evidence, and the patch if no forge has it."""

    version: int
    confirmed: bool
    confirmation_confidence: float | None
    static_confidence: float | None
    dynamic_confidence: float | None
    false_positive_probability: float | None
    vulnerable_code_signature: str
    vulnerable_code_type: str
    affected_files: list[str]
    patch_description: str
    patch_confidence: float | None
    patch_risk_level: RiskLevel | None
    validation_passed: bool
    validation_confidence: float | None
    validation_warnings: list[str]
    wargame_verdict: WargameVerdict | None
    wargame_confidence: float | None
    wargame_run_url: str
    wargame_evidence: Any
    patch_diff: str
    head_commit: str
    changes: list[ChangeFields]
    epss: float | None
    known_exploited: bool | None


class QueueFilters(TypedDict, total=False):
    """Filters of the queue."""

    package_ecosystem: str
    package_name: str
    patch_strategy: PatchStrategy
    search: str
    severity: Severity
    wargame_verdict: WargameVerdict


class APVFilters(TypedDict, total=False):
    """Filters and order of the list of all APVs."""

    cve_id: str
    ordering: str
    package_ecosystem: str
    package_name: str
    patch_strategy: PatchStrategy
    search: str
    severity: Severity
    status: Status
    wargame_verdict: WargameVerdict


class DecisionFilters(TypedDict, total=False):
    """Filters of the list of all decisions."""

    apv: UUID
    decided_after: datetime
    decided_before: datetime
    decision: DecisionKind
    reviewer: str
