"""The APV: a machine-made patch with its evidence. Its rules are database constraints."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from forges.choices import PullRequestState
from forges.models import Repository
from realtime import clock
from realtime.atomic_saves import AtomicSave
from reviews import fields, links
from reviews.choices import (
    Dependency,
    EffectState,
    PatchStrategy,
    RiskLevel,
    Severity,
    Status,
    VersionStep,
    WargameVerdict,
    WithdrawalReason,
)
from reviews.decision_kinds import DecisionKind
from reviews.models.apv_constraints import (
    CODE_PATTERN,
    COMMIT_PATTERN,
    CONSTRAINTS,
    CVE_PATTERN,
    CWE_PATTERN,
    URL_PATTERN,
)
from reviews.models.apv_queryset import APVQuerySet
from reviews.models.constraints import unit_interval
from reviews.orders import DUE, QUEUE, QUEUE_SORTS
from reviews.permissions import OF_APVS
from reviews.search import NAMES, PATHS, SEARCHED, Trigrams

NOTHING = models.Value([], models.JSONField())
ILLUSTRATIVE = (
    "Nothing was run. The diff is illustrative: no project was looked at, "
    "and the manifest's other lines are made up."
)
"""The warning on an APV that was made of an advisory alone."""
is_url = RegexValidator(URL_PATTERN, _("Enter a URL that starts with http:// or https://."))
QUEUE_NARROWED_BY = (
    "priority",
    "severity",
    "patch_strategy",
    "wargame_verdict",
    "package_ecosystem",
    "package_name",
    *("version_step", "dependency", "epss", "known_exploited", "pr_branch"),
    "due_at",
)
FOLDED_WITH = ("priority", "severity", "package_name")
QUEUE_INCLUDES = {QUEUE.name: QUEUE_NARROWED_BY, DUE.name: ("due_at",)}
"""The columns that the indexes of the queue hold beside the keys of their orders."""


class APV(AtomicSave):
    """An Autonomous Patch Validation: a machine-made patch with the evidence for it."""

    apv_id = models.UUIDField(_("APV id"), primary_key=True, default=uuid.uuid4, editable=False)
    apv_code = fields.CodeField(
        _("code"),
        max_length=18,
        unique=True,
        blank=True,
        validators=[RegexValidator(CODE_PATTERN, _("Enter a code like APV-2026-001."))],
        help_text=_("Left empty, the next of this year."),
    )
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PENDING)
    version = fields.VersionField(_("version"), default=1, editable=False)
    priority = fields.PriorityField(
        _("priority"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_("1 to 10; left empty, from the severity."),
    )
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    severity_source = models.CharField(
        _("severity source"),
        max_length=500,
        blank=True,
        help_text=_("Who says how severe it is, and in which words."),
    )

    cve_id = models.CharField(
        _("CVE"),
        max_length=28,
        null=True,
        blank=True,
        validators=[RegexValidator(CVE_PATTERN, _("Enter a CVE id like CVE-2026-12345."))],
    )
    cve_title = models.CharField(_("CVE title"), max_length=300, blank=True)
    cve_description = models.TextField(_("CVE description"), max_length=20_000, blank=True)
    cvss_score = models.FloatField(
        _("CVSS score"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(10.0)],
    )
    cvss_vector = models.CharField(
        _("CVSS vector"), max_length=300, blank=True, help_text=_("The metrics behind the score.")
    )
    epss = unit_interval(
        _("EPSS"),
        help_text=_("How probable it is that the vulnerability is exploited within 30 days."),
    )
    known_exploited = models.BooleanField(
        _("known exploited"),
        null=True,
        blank=True,
        help_text=_("Whether a catalogue such as CISA's KEV lists it; unknown if left empty."),
    )
    cwe_ids = ArrayField(
        models.CharField(
            max_length=10, validators=[RegexValidator(CWE_PATTERN, _("Enter CWE ids like CWE-79."))]
        ),
        verbose_name=_("CWEs"),
        size=50,
        default=list,
        blank=True,
    )

    package_name = models.CharField(_("package"), max_length=214)
    package_version = models.CharField(_("package version"), max_length=100, blank=True)
    package_ecosystem = models.CharField(_("ecosystem"), max_length=50, blank=True)
    fixed_version = models.CharField(_("fixed version"), max_length=100, blank=True)

    vulnerable_code_signature = models.TextField(
        _("vulnerable code signature"), max_length=10_000, blank=True
    )
    vulnerable_code_type = models.CharField(_("vulnerable code type"), max_length=100, blank=True)
    affected_files = ArrayField(
        models.CharField(max_length=1000),
        size=1000,
        default=list,
        blank=True,
        verbose_name=_("affected files"),
    )

    confirmed = models.BooleanField(_("confirmed"), default=False)
    confirmation_confidence = unit_interval(_("confirmation confidence"))
    static_confidence = unit_interval(_("static confidence"))
    dynamic_confidence = unit_interval(_("dynamic confidence"))
    false_positive_probability = unit_interval(_("false positive probability"))

    patch_strategy = models.CharField(_("strategy"), max_length=20, choices=PatchStrategy)
    patch_description = models.TextField(_("patch description"), max_length=20_000, blank=True)
    patch_diff = models.TextField(
        _("patch diff"), blank=True, help_text=_("A unified diff, up to 1 MiB.")
    )
    patch_confidence = unit_interval(_("patch confidence"))
    patch_risk_level = models.CharField(
        _("patch risk level"),
        max_length=6,
        choices=RiskLevel,
        null=True,
        blank=True,
    )

    validation_passed = models.BooleanField(_("validation passed"), default=False)
    validation_confidence = unit_interval(_("validation confidence"))
    validation_warnings = ArrayField(
        models.CharField(max_length=2000),
        size=200,
        default=list,
        blank=True,
        verbose_name=_("validation warnings"),
    )

    pr_number = models.PositiveIntegerField(
        _("PR number"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    pr_url = models.CharField(
        _("PR URL"), max_length=2000, blank=True, validators=[is_url, links.check]
    )
    pr_branch = models.CharField(_("PR branch"), max_length=255, blank=True)

    wargame_verdict = models.CharField(
        _("wargame verdict"),
        max_length=12,
        choices=WargameVerdict,
        null=True,
        blank=True,
    )
    wargame_confidence = unit_interval(_("wargame confidence"))
    wargame_run_url = models.CharField(
        _("wargame run url"), max_length=2000, blank=True, validators=[is_url, links.check]
    )
    wargame_evidence = models.JSONField(_("wargame evidence"), default=dict, blank=True)

    pull_request = models.OneToOneField(
        "forges.PullRequest",
        on_delete=models.PROTECT,
        related_name="apv",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("pull request"),
        help_text=_("The one on a forge that it was made of."),
    )
    pull_request_state = models.CharField(
        _("state of the pull request"),
        max_length=10,
        choices=PullRequestState,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    head_commit = models.CharField(
        _("head commit"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(COMMIT_PATTERN, _("Enter a commit's hash: 7 to 64 digits."))],
    )
    revision = models.PositiveIntegerField(_("revision"), default=1, db_default=1, editable=False)
    changes = models.JSONField(
        _("changes"), default=list, db_default=NOTHING, blank=True, editable=False
    )
    advisories = models.JSONField(
        _("fixed advisories"), default=list, db_default=NOTHING, blank=True, editable=False
    )
    checks = models.JSONField(
        _("checks"), default=list, db_default=NOTHING, blank=True, editable=False
    )
    forge_warnings = models.JSONField(
        _("warnings of the forge"),
        default=list,
        db_default=NOTHING,
        blank=True,
        editable=False,
        help_text=_("Those of the validation warnings that the pull request gave."),
    )
    paths = fields.PathsField(
        models.TextField(),
        verbose_name=_("files of the patch"),
        null=True,
        blank=True,
        editable=False,
    )
    version_step = fields.WordOfPatchField(
        _("step of the version"),
        max_length=10,
        choices=VersionStep,
        null=True,
        blank=True,
        editable=False,
    )
    dependency = fields.WordOfPatchField(
        _("dependency"), max_length=10, choices=Dependency, null=True, blank=True, editable=False
    )
    approvals = models.PositiveIntegerField(
        _("approvals"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("On its current revision."),
    )
    approvals_needed = models.PositiveIntegerField(
        _("approvals needed"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("As the policies were when it was approved last."),
    )
    due_at = models.DateTimeField(
        _("due"),
        null=True,
        editable=False,
        db_default=None,
        help_text=_("Until when it is to be decided on, by a rule for deadlines."),
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, editable=False)
    withdrawn_by = models.CharField(
        _("withdrawn by"), max_length=255, blank=True, default="", db_default="", editable=False
    )
    withdrawn_reason = models.CharField(
        _("reason of the withdrawal"),
        max_length=10,
        choices=WithdrawalReason,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    superseded_by = models.PositiveBigIntegerField(
        _("superseded by"),
        null=True,
        editable=False,
        help_text=_("The number of the pull request that took its place."),
    )

    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
        verbose_name=_("added by"),
        help_text=_("The user who added it; unknown where a command did."),
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    updated_at = fields.SavedTimeField(_("updated at"), editable=False, blank=True)

    objects: ClassVar[Any] = APVQuerySet.as_manager()

    class Meta:
        verbose_name = _("APV")
        verbose_name_plural = _("APVs")
        permissions = OF_APVS
        indexes = [
            *(
                models.Index(  # with the queue's filter columns, so that counting reads no rows
                    *order.expressions,
                    include=QUEUE_INCLUDES.get(name),
                    name=f"apv_queue_{name}",
                    condition=models.Q(status=Status.PENDING),
                )
                for name, order in QUEUE_SORTS.items()
            ),
            GinIndex(  # of pending APVs only, so that a decision does not write hundreds of entries
                Trigrams(*SEARCHED),
                name="apv_queue_search",
                condition=models.Q(status=Status.PENDING),
            ),
            GinIndex(Trigrams(*NAMES), name="apv_name_search"),
            GinIndex(
                PATHS,
                name="apv_queue_paths",
                condition=models.Q(status=Status.PENDING),
            ),
            models.Index(  # so that folding by repository reads no rows
                fields=["pull_request"],
                include=FOLDED_WITH,
                name="apv_queue_fold",
                condition=models.Q(status=Status.PENDING),
            ),
            models.Index(
                *QUEUE.expressions,
                name="apv_queue_approved",
                condition=models.Q(status=Status.PENDING, approvals__gt=0),
            ),
            models.Index(*QUEUE.expressions, name="apv_order"),
            models.Index(fields=["-created_at", "apv_id"], name="apv_newest"),
            models.Index(fields=["cve_id"], name="apv_cve"),
            models.Index(fields=["package_ecosystem", "package_name"], name="apv_package"),
        ]
        constraints = CONSTRAINTS

    def __str__(self) -> str:
        return str(self.apv_code)

    def clean(self) -> None:
        """Check that the number and the address name the same pull request."""
        try:
            links.check_number(self.pr_number, self.pr_url)
        except ValidationError as error:
            raise ValidationError({"pr_url": error}) from None

    def validate_constraints(self, exclude: Any = None) -> None:
        """Check the constraints, except for values that only saving fills in."""
        unfilled = {name for name in ("apv_code", "priority") if not getattr(self, name)}
        super().validate_constraints({*(exclude or ()), *unfilled})

    @property
    def open_since(self) -> datetime:
        """Return when it came into the queue: for the first time, or after its last decision."""
        if self.revision == 1:
            return self.created_at
        final = self.decisions.standing().final().order_by("-revision").first()
        later = self.revisions.filter(number__gt=final.revision) if final else None
        reopened = later.order_by("number").first() if later is not None else None
        return reopened.created_at if reopened else self.created_at

    @property
    def watched_repository(self) -> Repository | None:
        """Return where the console itself carries decisions on it out, None if nowhere."""
        if self.pull_request is None or not self.pull_request.repository.watched:
            return None
        repository: Repository = self.pull_request.repository
        return repository

    @property
    def awaits_effect(self) -> bool:
        """Return whether nothing was done yet of the final decision on it.

        A rejection that is left to others stands: nothing is merged that somebody has not read.
        """
        if self.pull_request_state in {PullRequestState.MERGED, PullRequestState.CLOSED}:
            return False
        final = self.decisions.standing().final()
        newest = final.select_related("effect").order_by("-revision").first()
        effect = newest.effect_or_none if newest else None
        if effect is None or effect.state == EffectState.EXTERNAL:
            return bool(self.status == Status.APPROVED)
        return effect.state not in {EffectState.RUNNING, EffectState.DONE}

    @property
    def was_validated(self) -> bool:
        """Return whether a validation was run: "not passed" is an APV's default."""
        warned = self.validation_warnings and ILLUSTRATIVE not in self.validation_warnings
        return self.validation_passed or self.validation_confidence is not None or bool(warned)

    @property
    def recommendation(self) -> DecisionKind | None:
        """Return the machine's recommendation: approve if the wargame succeeded and validation
        passed.

        It is None if neither was run, and for a pull request without a wargame: that its checks
        passed or failed is no recommendation.
        """
        if self.wargame_verdict is None and (self.pull_request_id or not self.was_validated):
            return None
        won = self.wargame_verdict == WargameVerdict.SUCCESS and self.validation_passed
        return DecisionKind.APPROVE if won else DecisionKind.REJECT
