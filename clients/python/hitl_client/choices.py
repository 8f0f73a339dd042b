"""The values that fields are known to have. A newer server may send others.

Made from the code of the server: make docs.
"""

from typing import Literal

Action = Literal[
    "pr_merged",
    "pr_closed",
    "changes_requested",
    "assigned_to_lead",
    "dismissed",
    "awaiting_approval",
]
CheckState = Literal[
    "pending",
    "success",
    "failure",
    "skipped",
]
ClaimWhat = Literal[
    "claimed",
    "taken_over",
    "released",
    "expired",
]
CommentWhat = Literal[
    "added",
    "edited",
    "deleted",
]
DeadlineWhat = Literal[
    "near",
    "passed",
]
DecisionKind = Literal[
    "approve",
    "reject",
    "modify",
    "escalate",
    "dismiss",
]
EffectKind = Literal[
    "merge",
    "close",
    "request_changes",
    "escalate",
]
EffectState = Literal[
    "held",
    "queued",
    "running",
    "waiting",
    "done",
    "refused",
    "failed",
    "cancelled",
    "external",
]
PatchStrategy = Literal[
    "version_bump",
    "code_rewrite",
    "config_change",
]
PullRequestState = Literal[
    "open",
    "closed",
    "merged",
]
Refusal = Literal[
    "epoch",
    "ahead",
    "too_far",
    "truncated",
]
RiskLevel = Literal[
    "low",
    "medium",
    "high",
]
Severity = Literal[
    "CRITICAL",
    "HIGH",
    "MEDIUM",
    "LOW",
]
Status = Literal[
    "pending",
    "approved",
    "rejected",
    "changes_requested",
    "escalated",
    "dismissed",
    "withdrawn",
]
WargameVerdict = Literal[
    "success",
    "partial",
    "failure",
    "inconclusive",
]
What = Literal[
    "revised",
    "rebased",
    "evidence",
    "withdrawn",
    "reopened",
    "retracted",
    "approval",
]
WithdrawalReason = Literal[
    "merged",
    "closed",
    "superseded",
    "advisories",
]
