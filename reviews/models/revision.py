"""The revisions of an APV: what its patch and its evidence were."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.choices import RevisionReason
from reviews.models.apv import APV

EVIDENCE_FOR_PATCH = (
    "patch_confidence",
    "patch_risk_level",
    "validation_passed",
    "validation_confidence",
    "validation_warnings",
    "wargame_verdict",
    "wargame_confidence",
    "wargame_run_url",
    "wargame_evidence",
)
"""Evidence for one patch, which says nothing of another one."""
EVIDENCE = (
    "confirmed",
    "confirmation_confidence",
    "static_confidence",
    "dynamic_confidence",
    "false_positive_probability",
    "vulnerable_code_signature",
    "vulnerable_code_type",
    "affected_files",
    "patch_description",
    *EVIDENCE_FOR_PATCH,
)
"""The fields of an APV that are evidence, which a pipeline may add to later."""
EXPLOITATION = frozenset(["epss", "known_exploited"])
"""What pipelines say of the vulnerability alone; it begins no revision."""
KEPT_OF_REVISIONS = (
    *("severity", "cve_id", "cvss_score"),
    *("package_name", "package_ecosystem", "package_version", "fixed_version"),
    *EVIDENCE,
    "checks",
)
"""The fields of which a revision keeps the values, besides its diff, changes and advisories."""


class RevisionQuerySet(models.QuerySet["Revision"]):
    def newest_first(self) -> "RevisionQuerySet":
        return self.order_by("-number")


class Revision(models.Model):
    """An APV as it was when a revision began. Never edited, never deleted.

    A trigger in the database refuses UPDATE and DELETE (migration 0007). The first revision is
    stored when the second begins, as it was until then; before that, the APV alone has it. If
    `same_patch`, it makes the same change as the revision before it.
    """

    apv = models.ForeignKey(
        APV, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("APV")
    )
    number = models.PositiveIntegerField(_("number"))
    reason = models.CharField(_("reason"), max_length=10, choices=RevisionReason)
    head_commit = models.CharField(_("head commit"), max_length=64, blank=True)
    patch_diff = models.TextField(_("patch diff"), blank=True)
    same_patch = models.BooleanField(_("same patch as before"), default=False)
    evidence = models.JSONField(_("evidence"), default=dict)
    changes = models.JSONField(_("changes"), default=list)
    advisories = models.JSONField(_("fixed advisories"), default=list)
    created_at = models.DateTimeField(_("created at"), default=clock.now)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["apv", "number"], name="revision_once"),
            models.CheckConstraint(
                condition=models.Q(reason__in=RevisionReason.values), name="revision_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="revision_number_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.apv} revision {self.number}"

    @classmethod
    def of(cls, apv: APV, **fields: Any) -> "Revision":
        """Return the current state of an APV as an unsaved revision."""
        own = {
            "number": apv.revision,
            "head_commit": apv.head_commit,
            "patch_diff": apv.patch_diff,
            "evidence": {name: getattr(apv, name) for name in KEPT_OF_REVISIONS},
            "changes": apv.changes,
            "advisories": apv.advisories,
        }
        return cls(apv=apv, **{**own, **fields})
