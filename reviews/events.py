"""The messages and channels of the review, sent when an APV or a decision is saved."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from realtime import clock
from realtime.messages import ADDED, LogMessage, Message, Timestamp
from realtime.registry import LastValueChannel, LogChannel, register
from reviews.choices import (
    Action,
    EffectKind,
    EffectState,
    Severity,
    Status,
)
from reviews.decision_kinds import DecisionKind
from reviews.permissions import Permission


class NewAPV(LogMessage):
    """An APV was added."""

    type: Literal["new_apv"] = "new_apv"
    apv_id: UUID
    apv_code: str
    severity: Severity
    cve_id: str | None
    package_name: str
    channel: Literal["apvs"] = "apvs"


class DecisionMade(LogMessage):
    """A person decided on an APV."""

    type: Literal["decision_made"] = "decision_made"
    decision_id: UUID
    apv_id: UUID
    apv_code: str
    decision: DecisionKind
    reviewer_name: str
    action_taken: Action
    apv_version: int = Field(description=ADDED)
    diff_sha256: str = Field(description=ADDED)
    channel: Literal["decisions"] = "decisions"


What = Literal["revised", "rebased", "evidence", "withdrawn", "reopened", "retracted", "approval"]
"""What became of an APV without a decision, by taking one back, or by an approval that waits."""


class APVChanged(LogMessage):
    """An APV changed, without a decision that ended its review."""

    type: Literal["apv_changed"] = "apv_changed"
    apv_id: UUID
    apv_code: str
    status: Status
    version: int
    revision: int
    what: What
    channel: Literal["changes"] = "changes"


class EffectChanged(LogMessage):
    """What carries a decision out is in another state."""

    type: Literal["effect_changed"] = "effect_changed"
    decision_id: UUID
    apv_id: UUID
    apv_code: str
    kind: EffectKind
    state: EffectState
    merged_commit: str
    channel: Literal["changes"] = "changes"


ClaimWhat = Literal["claimed", "taken_over", "released", "expired"]
"""What became of a claim."""


class ClaimChanged(LogMessage):
    """Somebody has claimed an APV, or has it no longer."""

    type: Literal["claim_changed"] = "claim_changed"
    apv_id: UUID
    apv_code: str
    what: ClaimWhat
    claimed_by: str
    claimed_by_name: str
    previous: str
    reason: str
    channel: Literal["changes"] = "changes"


class AssignmentChanged(LogMessage):
    """An APV was assigned to a person or a group, or to nobody any more."""

    type: Literal["assignment_changed"] = "assignment_changed"
    apv_id: UUID
    apv_code: str
    assigned_to: str
    group: str
    assigned_to_name: str
    by_name: str
    channel: Literal["changes"] = "changes"


DeadlineWhat = Literal["near", "passed"]
"""What became of a deadline: its warning is told, or it has passed."""


class DeadlineChanged(LogMessage):
    """An APV is due soon, or overdue."""

    type: Literal["deadline_changed"] = "deadline_changed"
    apv_id: UUID
    apv_code: str
    what: DeadlineWhat
    due_at: Timestamp
    rule: str
    channel: Literal["changes"] = "changes"


class DeadlinesRecounted(LogMessage):
    """The rules for deadlines changed, and so did the deadlines of some APVs."""

    type: Literal["deadlines_recounted"] = "deadlines_recounted"
    changed: int
    channel: Literal["changes"] = "changes"


CommentWhat = Literal["added", "edited", "deleted"]
"""What became of a comment."""


class CommentChanged(LogMessage):
    """Somebody commented on an APV, or edited or deleted a comment."""

    type: Literal["comment_changed"] = "comment_changed"
    comment_id: UUID
    apv_id: UUID
    apv_code: str
    what: CommentWhat
    by_name: str
    mentioned: list[str]
    channel: Literal["changes"] = "changes"


class StatsUpdate(Message):
    """The numbers of the review changed; only the latest ones are ever sent."""

    type: Literal["stats_update"] = "stats_update"
    pending_reviews: int
    total_decisions: int
    decisions_today: int


def current_stats() -> StatsUpdate:
    """Read the three numbers that every watcher sees."""
    from reviews import tally  # imports the models, which publish these messages

    headline = tally.headline(clock.now().date())
    return StatsUpdate(
        pending_reviews=headline.pending,
        total_decisions=headline.decisions,
        decisions_today=headline.decisions_on_day,
    )


APVS = LogChannel("apvs", permission=Permission.VIEW_APV, messages=(NewAPV,))
DECISIONS = LogChannel("decisions", permission=Permission.VIEW_DECISION, messages=(DecisionMade,))
CHANGES = LogChannel(
    "changes",
    permission=Permission.VIEW_APV,
    messages=(
        *(APVChanged, EffectChanged, ClaimChanged, AssignmentChanged),
        *(DeadlineChanged, DeadlinesRecounted, CommentChanged),
    ),
)
STATS = LastValueChannel("stats", Permission.VIEW_STATS, message=StatsUpdate, read=current_stats)


def register_channels() -> None:
    """Register the channels of the review."""
    register(APVS, DECISIONS, STATS, CHANGES)
