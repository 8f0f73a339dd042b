"""A person's decision on an APV, and what they saw then."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from realtime import clock
from realtime.atomic_saves import AtomicSave
from reviews.choices import (
    Action,
    PatchStrategy,
    Severity,
    Status,
    WargameVerdict,
)
from reviews.decision_kinds import FINAL, RECOMMENDABLE, DecisionKind, Traits
from reviews.models.apv import APV
from reviews.models.apv_queryset import UNSHOWN
from reviews.models.constraints import one_of, unit_interval, within

if TYPE_CHECKING:
    from reviews.models.effect import Effect
    from reviews.models.retraction import Retraction

JUSTIFICATION_LENGTH = (10, 5000)
ENDS_REVIEW = models.Q(decision__in=FINAL) & ~models.Q(action_taken=Action.AWAITING_APPROVAL)
"""The condition that a decision ends the review of its revision."""
OPEN = (Status.PENDING, Status.ESCALATED)


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Queries for decisions. Bulk writes are refused: `services.decide` makes one by one."""

    def standing(self) -> "DecisionQuerySet":
        """Leave out those that were taken back."""
        return self.filter(retraction__isnull=True)

    def final(self) -> "DecisionQuerySet":
        """Keep those that ended the review of their revision."""
        return self.filter(ENDS_REVIEW)

    def awaiting(self) -> "DecisionQuerySet":
        """Keep the approvals that wait, or waited, for another one."""
        return self.filter(action_taken=Action.AWAITING_APPROVAL)

    def without_awaiting(self) -> "DecisionQuerySet":
        """Leave out approvals that changed nothing by themselves."""
        return self.exclude(action_taken=Action.AWAITING_APPROVAL)

    def with_effect(self) -> "DecisionQuerySet":
        """Read the APV, the effect and the retraction too."""
        related = self.select_related(
            "apv__pull_request__repository__forge", "effect", "retraction"
        )
        return related.defer(*(f"apv__{name}" for name in UNSHOWN))

    def bulk_create(self, *args: Any, **options: Any) -> Any:
        raise TypeError("Decisions are not made in bulk; call reviews.services.decide for each.")


class Decision(AtomicSave):
    """A person's decision on an APV, and what they saw then. Never edited, never deleted.

    A trigger in the database refuses UPDATE and DELETE (migration 0003).
    """

    decision_id = models.UUIDField(
        _("decision id"), primary_key=True, default=uuid.uuid4, editable=False
    )
    apv = models.ForeignKey(
        APV, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("APV")
    )
    decision = models.CharField(_("decision"), max_length=8, choices=DecisionKind)
    justification = models.TextField(_("justification"))
    confidence = unit_interval(_("confidence"))
    modifications = models.JSONField(_("modifications"), default=dict, blank=True)

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="decisions",
        verbose_name=_("reviewer"),
    )
    reviewer_name = models.CharField(
        _("reviewer name"), max_length=301
    )  # a user's first and last name have at most this length
    reviewer_email = models.CharField(_("reviewer email"), max_length=254, blank=True)

    # A snapshot of the APV: it may change later, the record must not.
    cve_id = models.CharField(_("CVE"), max_length=28, null=True, blank=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    patch_strategy = models.CharField(_("patch strategy"), max_length=20, choices=PatchStrategy)
    wargame_verdict = models.CharField(
        _("wargame verdict"), max_length=12, choices=WargameVerdict, null=True, blank=True
    )
    recommendation = models.CharField(
        _("recommendation"),
        max_length=8,
        null=True,
        blank=True,
        choices=[(kind.value, kind.label) for kind in RECOMMENDABLE],
    )
    diff_sha256 = models.CharField(_("SHA-256 of the diff"), max_length=64)
    apv_version = models.PositiveIntegerField(_("APV version"))
    revision = models.PositiveIntegerField(_("revision"), default=1, db_default=1)
    head_commit = models.CharField(
        _("head commit"), max_length=64, blank=True, default="", db_default=""
    )
    review_seconds = models.FloatField(
        _("review seconds"), help_text=_("From the APV's creation to the decision.")
    )

    escalate_to_user = models.CharField(
        _("escalated to the user"), max_length=150, blank=True, default="", db_default=""
    )
    escalate_to_group = models.CharField(
        _("escalated to the group"), max_length=150, blank=True, default="", db_default=""
    )
    action_taken = models.CharField(_("action taken"), max_length=20, choices=Action)
    decided_at = models.DateTimeField(_("decided at"), default=clock.now)
    policies = ArrayField(
        models.CharField(max_length=64),
        verbose_name=_("policies"),
        default=list,
        db_default=models.Value([], ArrayField(models.CharField(max_length=64))),
        blank=True,
        help_text=_("The hashes of the policies that applied."),
    )
    facts = models.JSONField(
        _("facts"), null=True, blank=True, help_text=_("What the policies saw.")
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [
            models.Index(  # with what the numbers of each day need, so that they read no rows
                fields=["-decided_at", "-decision_id"],
                include=["decision", "recommendation", "review_seconds", "action_taken"],
                name="decision_newest",
            ),
            models.Index(fields=["decision", "-decided_at"], name="decision_verb"),
            # The trigger that lets nobody approve twice reads it with each approval.
            models.Index(
                fields=["apv", "revision", "reviewer"],
                condition=models.Q(action_taken=Action.AWAITING_APPROVAL),
                name="decision_awaiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=one_of("decision", DecisionKind), name="decision_verb_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(action_taken=Action.AWAITING_APPROVAL)
                | models.Q(decision=DecisionKind.APPROVE),
                name="decision_awaits_as_approval",
            ),
            models.CheckConstraint(
                condition=within("confidence", 0, 1), name="decision_confidence"
            ),
            models.CheckConstraint(
                condition=models.Q(review_seconds__gte=0), name="decision_review_seconds"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    GreaterThanOrEqual(Length(Trim("justification")), JUSTIFICATION_LENGTH[0]),
                    LessThanOrEqual(Length("justification"), JUSTIFICATION_LENGTH[1]),
                ),
                name="decision_justification_length",
            ),
            models.UniqueConstraint(
                fields=["apv", "revision"],
                condition=ENDS_REVIEW,
                name="decision_once",
                violation_error_message=_("This revision is decided already."),
            ),
            models.UniqueConstraint(
                fields=["apv", "revision"],
                condition=models.Q(decision=DecisionKind.ESCALATE),
                name="decision_escalated_once",
                violation_error_message=_("This revision is escalated already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} {self.apv.apv_code}"

    @property
    def traits(self) -> Traits:
        """Return the properties of this kind of decision."""
        return DecisionKind(self.decision).traits

    @property
    def is_awaiting(self) -> bool:
        """Return whether it is an approval that waits, or waited, for another one."""
        return self.action_taken == Action.AWAITING_APPROVAL

    @property
    def is_final(self) -> bool:
        """Return whether it ended the review of its revision."""
        return self.traits.final and not self.is_awaiting

    @property
    def is_in_force(self) -> bool:
        """Return whether it is what is wanted of the APV as that is now."""
        if self.is_awaiting:
            return self.revision == self.apv.revision and self.apv.status in OPEN
        return self.revision == self.apv.revision and self.apv.status == self.traits.outcome

    @property
    def effect_or_none(self) -> "Effect | None":
        """Return what carries it out, None for a decision with nothing to do."""
        return getattr(self, "effect", None)

    @property
    def retraction_or_none(self) -> "Retraction | None":
        """Return who took it back and why, None if nobody did."""
        return getattr(self, "retraction", None)

    def remember_no_retraction(self) -> None:
        """Let nobody ask the database who took back what is only being made."""
        Decision.retraction.related.set_cached_value(self, None)

    @property
    def by_submitter(self) -> bool:
        """Return whether the reviewer had added the APV themselves."""
        return self.reviewer_id == self.apv.submitted_by_id
