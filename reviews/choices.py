"""The words an APV and a decision may use; the database, REST and the pages read them here."""

from django.db import models


class Severity(models.TextChoices):
    CRITICAL = "CRITICAL", "critical"
    HIGH = "HIGH", "high"
    MEDIUM = "MEDIUM", "medium"
    LOW = "LOW", "low"


PRIORITY_OF_SEVERITY = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 8,
    Severity.MEDIUM: 5,
    Severity.LOW: 2,
}


class Status(models.TextChoices):
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"
    CHANGES_REQUESTED = "changes_requested", "changes requested"
    ESCALATED = "escalated", "escalated"


class PatchStrategy(models.TextChoices):
    VERSION_BUMP = "version_bump", "version bump"
    CODE_REWRITE = "code_rewrite", "code rewrite"
    CONFIG_CHANGE = "config_change", "configuration change"


class RiskLevel(models.TextChoices):
    LOW = "low", "low"
    MEDIUM = "medium", "medium"
    HIGH = "high", "high"


class WargameVerdict(models.TextChoices):
    SUCCESS = "success", "success"
    PARTIAL = "partial", "partial"
    FAILURE = "failure", "failure"
    INCONCLUSIVE = "inconclusive", "inconclusive"


class Verb(models.TextChoices):
    """What a reviewer may decide."""

    APPROVE = "approve", "approve"
    REJECT = "reject", "reject"
    MODIFY = "modify", "modify"
    ESCALATE = "escalate", "escalate"


class Action(models.TextChoices):
    """What a decision sets in motion."""

    PR_MERGED = "pr_merged", "pull request merged"
    PR_CLOSED = "pr_closed", "pull request closed"
    CHANGES_REQUESTED = "changes_requested", "changes requested"
    ASSIGNED_TO_LEAD = "assigned_to_lead", "assigned to a lead"


OUTCOME: dict[str, tuple[Status, Action]] = {
    Verb.APPROVE: (Status.APPROVED, Action.PR_MERGED),
    Verb.REJECT: (Status.REJECTED, Action.PR_CLOSED),
    Verb.MODIFY: (Status.CHANGES_REQUESTED, Action.CHANGES_REQUESTED),
    Verb.ESCALATE: (Status.ESCALATED, Action.ASSIGNED_TO_LEAD),
}
"""For each verb, what the APV becomes and the action that is taken."""


class Door(models.TextChoices):
    """By which way somebody came in."""

    REST = "rest", "REST"
    CONSOLE = "console", "console"
    ADMIN = "admin", "administration"
    COMMAND = "command", "command"
    SOCKET = "socket", "socket"


class AuditAction(models.TextChoices):
    """What the audit records."""

    SIGNED_IN = "signed_in", "signed in"
    SIGN_IN_FAILED = "sign_in_failed", "failed to sign in"
    SIGNED_OUT = "signed_out", "signed out"
    DECIDED = "decided", "decided"
    APVS_ADDED = "apvs_added", "added APVs"
    APV_CHANGED = "apv_changed", "changed an APV"
    TOKEN_ISSUED = "token_issued", "issued a token"
    TOKEN_REVOKED = "token_revoked", "revoked a token"
    USER_CHANGED = "user_changed", "changed a user"
    PERMISSIONS_CHANGED = "permissions_changed", "changed permissions"
    EXPORTED = "exported", "exported"
