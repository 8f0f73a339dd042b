"""The values that fields of APVs and decisions may have, for the database, REST and pages."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Severity(models.TextChoices):
    CRITICAL = "CRITICAL", _("critical")
    HIGH = "HIGH", _("high")
    MEDIUM = "MEDIUM", _("medium")
    LOW = "LOW", _("low")


PRIORITY_OF_SEVERITY = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 8,
    Severity.MEDIUM: 5,
    Severity.LOW: 2,
}


class Status(models.TextChoices):
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    CHANGES_REQUESTED = "changes_requested", _("changes requested")
    ESCALATED = "escalated", _("escalated")
    DISMISSED = "dismissed", _("dismissed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    """No decision ended it: its pull request ended, or its advisories were taken back."""


class WithdrawalReason(models.TextChoices):
    """Why an APV left the queue without a decision."""

    MERGED = "merged", _("merged on the forge")
    CLOSED = "closed", _("closed on the forge")
    SUPERSEDED = "superseded", _("superseded by another pull request")
    ADVISORIES = "advisories", _("none of its advisories asks for this change any more")


class RevisionReason(models.TextChoices):
    """What began a revision of an APV."""

    OPENED = "opened", pgettext_lazy("revision", "opened")
    PUSHED = "pushed", pgettext_lazy("revision", "pushed")
    EVIDENCE = "evidence", pgettext_lazy("revision", "new evidence")
    REOPENED = "reopened", pgettext_lazy("revision", "reopened")
    RETRACTED = "retracted", pgettext_lazy("revision", "decision taken back")


class EffectKind(models.TextChoices):
    """What is done on the forge to carry a decision out."""

    MERGE = "merge", pgettext_lazy("effect", "merge")
    CLOSE = "close", pgettext_lazy("effect", "close")
    REQUEST_CHANGES = "request_changes", pgettext_lazy("effect", "request changes")
    ESCALATE = "escalate", pgettext_lazy("effect", "escalate")


class EffectState(models.TextChoices):
    """What has become of an effect; `reviews.effects.states` says what may follow what."""

    HELD = "held", pgettext_lazy("effect", "held")
    """It may still be taken back."""
    QUEUED = "queued", pgettext_lazy("effect", "queued")
    RUNNING = "running", pgettext_lazy("effect", "running")
    """Begun; what the forge did of it may be unknown."""
    WAITING = "waiting", pgettext_lazy("effect", "waiting")
    """The forge does not do it yet: checks run, or it is in a merge queue."""
    DONE = "done", pgettext_lazy("effect", "done")
    REFUSED = "refused", pgettext_lazy("effect", "refused")
    """The forge said no, or what was decided on is another thing now."""
    FAILED = "failed", pgettext_lazy("effect", "failed")
    """Given up, or a pipeline reported so."""
    CANCELLED = "cancelled", pgettext_lazy("effect", "taken back")
    EXTERNAL = "external", pgettext_lazy("effect", "left to others")
    """No connected repository: a pipeline carries it out, and reports that."""


class PatchStrategy(models.TextChoices):
    VERSION_BUMP = "version_bump", _("version bump")
    CODE_REWRITE = "code_rewrite", _("code rewrite")
    CONFIG_CHANGE = "config_change", _("configuration change")


class VersionStep(models.TextChoices):
    """How far a patch moves the version of its package, as `reviews.versions.step_of` says."""

    MAJOR = "major", pgettext_lazy("step", "major")
    MINOR = "minor", pgettext_lazy("step", "minor")
    PATCH = "patch", pgettext_lazy("step", "patch")
    DOWNGRADE = "downgrade", pgettext_lazy("step", "downgrade")


class Dependency(models.TextChoices):
    """Who asks for the package: the project itself, or another package."""

    DIRECT = "direct", pgettext_lazy("dependency", "direct")
    TRANSITIVE = "transitive", pgettext_lazy("dependency", "transitive")


class RiskLevel(models.TextChoices):
    LOW = "low", pgettext_lazy("risk", "low")
    MEDIUM = "medium", pgettext_lazy("risk", "medium")
    HIGH = "high", pgettext_lazy("risk", "high")


class WargameVerdict(models.TextChoices):
    SUCCESS = "success", _("success")
    PARTIAL = "partial", _("partial")
    FAILURE = "failure", _("failure")
    INCONCLUSIVE = "inconclusive", _("inconclusive")


class Action(models.TextChoices):
    """The action that a decision triggers.

    The values are the protocol's. The labels say what is true when the decision is recorded:
    nothing is merged or closed until the forge has done it.
    """

    PR_MERGED = "pr_merged", _("pull request to be merged")
    PR_CLOSED = "pr_closed", _("pull request to be closed")
    CHANGES_REQUESTED = "changes_requested", _("changes requested")
    ASSIGNED_TO_LEAD = "assigned_to_lead", _("assigned to a lead")
    DISMISSED = "dismissed", _("nothing to merge or close")
    AWAITING_APPROVAL = "awaiting_approval", _("waits for another approval")
    """A policy asks for more than this approval, so nothing is merged yet."""
