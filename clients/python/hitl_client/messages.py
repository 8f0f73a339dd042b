"""What the socket sends: a class for each message of docs/protocol.md.

Made from the code of the server: make docs.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hitl_client.choices import (
    Action,
    ClaimWhat,
    CommentWhat,
    DeadlineWhat,
    DecisionKind,
    EffectKind,
    EffectState,
    Refusal,
    Severity,
    Status,
    What,
)
from hitl_client.model import Event, Message
from hitl_client.records import Position


class ConnectionAck(Message):
    """The first message on every accepted socket."""

    type: Literal["connection_ack"] = "connection_ack"
    client_id: UUID
    message: str


class Pong(Message):
    """Answers a ping, with the positions of the subscribed logs."""

    type: Literal["pong"] = "pong"
    positions: dict[str, Position]


class SubscriptionConfirmed(Message):
    """Answers a subscribe: the channels as requested, and the positions of their logs."""

    type: Literal["subscription_confirmed"] = "subscription_confirmed"
    channels: list[str]
    positions: dict[str, Position]
    recovered: dict[str, bool]
    reason: dict[str, Refusal | str]


class UnsubscriptionConfirmed(Message):
    """Answers an unsubscribe: the channels as requested."""

    type: Literal["unsubscription_confirmed"] = "unsubscription_confirmed"
    channels: list[str]


class Error(Message):
    """Says why a request was not carried out; the socket stays open."""

    type: Literal["error"] = "error"
    error_code: str
    error_message: str
    details: dict[str, Any] | None = None


class NewAPV(Event):
    """An APV was added."""

    type: Literal["new_apv"] = "new_apv"
    channel: Literal["apvs"]
    apv_id: UUID
    apv_code: str
    severity: Severity | str
    cve_id: str | None
    package_name: str


class DecisionMade(Event):
    """A person decided on an APV."""

    type: Literal["decision_made"] = "decision_made"
    channel: Literal["decisions"]
    decision_id: UUID
    apv_id: UUID
    apv_code: str
    decision: DecisionKind | str
    reviewer_name: str
    action_taken: Action | str
    apv_version: int | None = None
    diff_sha256: str | None = None


class StatsUpdate(Message):
    """The numbers of the review changed; only the latest ones are ever sent."""

    type: Literal["stats_update"] = "stats_update"
    pending_reviews: int
    total_decisions: int
    decisions_today: int


class APVChanged(Event):
    """An APV changed, without a decision that ended its review."""

    type: Literal["apv_changed"] = "apv_changed"
    channel: Literal["changes"]
    apv_id: UUID
    apv_code: str
    status: Status | str
    version: int
    revision: int
    what: What | str


class EffectChanged(Event):
    """What carries a decision out is in another state."""

    type: Literal["effect_changed"] = "effect_changed"
    channel: Literal["changes"]
    decision_id: UUID
    apv_id: UUID
    apv_code: str
    kind: EffectKind | str
    state: EffectState | str
    merged_commit: str


class ClaimChanged(Event):
    """Somebody has claimed an APV, or has it no longer."""

    type: Literal["claim_changed"] = "claim_changed"
    channel: Literal["changes"]
    apv_id: UUID
    apv_code: str
    what: ClaimWhat | str
    claimed_by: str
    claimed_by_name: str
    previous: str
    reason: str


class AssignmentChanged(Event):
    """An APV was assigned to a person or a group, or to nobody any more."""

    type: Literal["assignment_changed"] = "assignment_changed"
    channel: Literal["changes"]
    apv_id: UUID
    apv_code: str
    assigned_to: str
    group: str
    assigned_to_name: str
    by_name: str


class DeadlineChanged(Event):
    """An APV is due soon, or overdue."""

    type: Literal["deadline_changed"] = "deadline_changed"
    channel: Literal["changes"]
    apv_id: UUID
    apv_code: str
    what: DeadlineWhat | str
    due_at: datetime
    rule: str


class DeadlinesRecounted(Event):
    """The rules for deadlines changed, and so did the deadlines of some APVs."""

    type: Literal["deadlines_recounted"] = "deadlines_recounted"
    channel: Literal["changes"]
    changed: int


class CommentChanged(Event):
    """Somebody commented on an APV, or edited or deleted a comment."""

    type: Literal["comment_changed"] = "comment_changed"
    channel: Literal["changes"]
    comment_id: UUID
    apv_id: UUID
    apv_code: str
    what: CommentWhat | str
    by_name: str
    mentioned: list[str]


MESSAGES: dict[str, type[Message]] = {
    "connection_ack": ConnectionAck,
    "pong": Pong,
    "subscription_confirmed": SubscriptionConfirmed,
    "unsubscription_confirmed": UnsubscriptionConfirmed,
    "error": Error,
    "new_apv": NewAPV,
    "decision_made": DecisionMade,
    "stats_update": StatsUpdate,
    "apv_changed": APVChanged,
    "effect_changed": EffectChanged,
    "claim_changed": ClaimChanged,
    "assignment_changed": AssignmentChanged,
    "deadline_changed": DeadlineChanged,
    "deadlines_recounted": DeadlinesRecounted,
    "comment_changed": CommentChanged,
}
"""The classes of messages by their `type`."""

LOGS = ("apvs", "decisions", "changes")
"""The channels of numbered events."""
LAST_VALUES = ("stats",)
"""The channels that carry only their latest value."""
