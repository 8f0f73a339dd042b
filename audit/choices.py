"""What the audit records, and the interface that each entry came through."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """The interface through which a request came."""

    REST = "rest", "REST"
    CONSOLE = "console", _("console")
    ADMIN = "admin", _("administration")
    COMMAND = "command", _("command")


class AuditAction(models.TextChoices):
    """The kinds of action that the audit records."""

    SIGNED_IN = "signed_in", _("signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("failed to sign in")
    SIGNED_OUT = "signed_out", _("signed out")
    DECIDED = "decided", _("decided")
    RETRACTED = "retracted", _("took a decision back")
    BATCH_STARTED = "batch_started", _("started a batch")
    BATCH_STOPPED = "batch_stopped", _("stopped a batch")
    CARRIED_OUT = "carried_out", _("carried a decision out")
    NOT_CARRIED_OUT = "not_carried_out", _("did not carry a decision out")
    TRIED_AGAIN = "tried_again", _("had a decision carried out again")
    OUTCOME_REPORTED = "outcome_reported", _("reported an outcome")
    MERGED_AROUND = "merged_around", _("found a merge around the console")
    APVS_ADDED = "apvs_added", _("added APVs")
    APV_CHANGED = "apv_changed", _("changed an APV")
    APV_WITHDRAWN = "apv_withdrawn", _("withdrew an APV")
    APV_REOPENED = "apv_reopened", _("put an APV back into the queue")
    CLAIMED = "claimed", _("claimed an APV")
    CLAIM_TAKEN_OVER = "claim_taken_over", _("took a claim over")
    CLAIM_RELEASED = "claim_released", _("released a claim")
    COMMENTED = "commented", _("commented")
    COMMENT_EDITED = "comment_edited", _("edited a comment")
    COMMENT_DELETED = "comment_deleted", _("deleted a comment")
    ASSIGNED = "assigned", _("assigned an APV")
    TOKEN_ISSUED = "token_issued", _("issued a token")
    TOKEN_REVOKED = "token_revoked", _("revoked a token")
    USER_CHANGED = "user_changed", _("changed a user")
    PERMISSIONS_CHANGED = "permissions_changed", _("changed permissions")
    EXPORTED = "exported", _("exported")
    FORGE_CHANGED = "forge_changed", _("changed a forge")
    REPOSITORY_CHANGED = "repository_changed", _("changed a repository")
    DELIVERY_REPEATED = "delivery_repeated", _("processed a webhook again")
    POLICY_CHANGED = "policy_changed", _("changed a policy")
    TEMPLATE_CHANGED = "template_changed", _("changed a template")
    VIEW_CHANGED = "view_changed", _("changed a shared view")
    DEADLINE_RULE_CHANGED = "deadline_rule_changed", _("changed a rule for deadlines")
    DEADLINE_PASSED = "deadline_passed", _("found a deadline passed")
    JOB_CHANGED = "job_changed", _("changed a job")
    AUDIT_DETACHED = "audit_detached", _("moved audit entries to an archive")


CHANGES_OF_APVS = (
    AuditAction.APV_CHANGED,
    AuditAction.APV_WITHDRAWN,
    AuditAction.APV_REOPENED,
    AuditAction.RETRACTED,
)
"""What becomes of APVs without a decision, or by taking one back."""
