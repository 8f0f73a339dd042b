"""APVs and the decisions on them. Rules that must hold stand here as database constraints."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Coalesce, Length, Trim
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.atomic_saves import AtomicSave
from realtime.transactions import publishing
from reviews import fields, links, receivers
from reviews.choices import (
    Action,
    PatchStrategy,
    RiskLevel,
    Severity,
    Status,
    WargameVerdict,
)
from reviews.decision_kinds import FINAL, RECOMMENDABLE, DecisionKind, Traits
from reviews.permissions import OF_APVS
from reviews.search import SEARCHED, Trigrams

CVE_PATTERN = r"^CVE-[0-9]{4}-[0-9]{4,19}$"
CWE_PATTERN = r"^CWE-[0-9]{1,6}$"
CODE_PATTERN = r"^APV-[0-9]{4}-[0-9]{3,9}$"
URL_PATTERN = r"^https?://[^\s]+$"
DIFF_MAX_BYTES = 1024 * 1024
JUSTIFICATION_LENGTH = (10, 5000)
ILLUSTRATIVE = (
    "Nothing was run. The diff is illustrative: no project was looked at, "
    "and the manifest's other lines are made up."
)
"""The warning on an APV that was made of an advisory alone."""


UNIT_INTERVAL = (MinValueValidator(0.0), MaxValueValidator(1.0))
is_url = RegexValidator(URL_PATTERN, _("Enter a URL that starts with http:// or https://."))


def unit_interval(name: Any) -> "models.FloatField[Any, Any]":
    """A confidence or probability: 0 to 1, or unknown."""
    return models.FloatField(name, null=True, blank=True, validators=UNIT_INTERVAL)


def one_of(field: str, choices: type[models.TextChoices], *, null: bool = False) -> models.Q:
    """The condition that `field` holds one of `choices`."""
    condition = models.Q(**{f"{field}__in": choices.values})
    return condition | models.Q(**{f"{field}__isnull": True}) if null else condition


def within(field: str, least: float, most: float) -> models.Q:
    """The condition that `field` is unknown or lies from `least` to `most`; NaN does not."""
    inside = models.Q(**{f"{field}__gte": least, f"{field}__lte": most})
    return inside | models.Q(**{f"{field}__isnull": True})


QUEUE_ORDERS: dict[str, tuple[Any, ...]] = {
    "priority": (models.F("priority") * models.Value(-1), "created_at", "apv_id"),
    "age": ("created_at", "apv_id"),
    "score": (
        Coalesce(models.F("cvss_score"), 0.0) * models.Value(-1.0),
        "created_at",
        "apv_id",
    ),
}
"""The orders of the queue. All keys ascend: one row comparison finds what comes after a row."""
QUEUE_NARROWED_BY = (
    "priority",
    "severity",
    "patch_strategy",
    "wargame_verdict",
    "package_ecosystem",
    "package_name",
)


class APVQuerySet(models.QuerySet["APV"]):
    """Bulk writes tell the watchers as single saves do."""

    def pending(self) -> "APVQuerySet":
        return self.filter(status=Status.PENDING)

    def bulk_create(
        self,
        objs: Iterable["APV"],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Any = None,
        unique_fields: Any = None,
    ) -> list["APV"]:
        if ignore_conflicts or update_conflicts:
            raise ValueError("APVs are added whole: which rows a conflict skipped cannot be told.")
        apvs = list(objs)
        with publishing():
            fields.assign_codes(apvs)
            super().bulk_create(apvs, batch_size)
            receivers.publish_new_apvs(apvs)
        return apvs

    def update(self, **values: Any) -> int:
        with publishing():
            values.setdefault("version", models.F("version") + 1)
            changed = super().update(**values)
            receivers.announce_stats()
        return changed


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

    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
        verbose_name=_("added by"),
        help_text=_("The user who added it; unknown where a command did."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects: ClassVar[Any] = APVQuerySet.as_manager()

    class Meta:
        verbose_name = _("APV")
        verbose_name_plural = _("APVs")
        permissions = OF_APVS
        indexes = [
            *(
                models.Index(  # with what the queue is narrowed by, so that counting reads no rows
                    *keys,
                    include=QUEUE_NARROWED_BY if order == "priority" else None,
                    name=f"apv_queue_{order}",
                    condition=models.Q(status=Status.PENDING),
                )
                for order, keys in QUEUE_ORDERS.items()
            ),
            GinIndex(  # of pending APVs only: a decision need not write hundreds of entries
                Trigrams(*SEARCHED),
                name="apv_queue_search",
                condition=models.Q(status=Status.PENDING),
            ),
            models.Index(*QUEUE_ORDERS["priority"], name="apv_order"),
            models.Index(fields=["-created_at", "apv_id"], name="apv_newest"),
            models.Index(fields=["cve_id"], name="apv_cve"),
            models.Index(fields=["package_ecosystem", "package_name"], name="apv_package"),
        ]
        constraints = [
            models.CheckConstraint(condition=one_of("status", Status), name="apv_status"),
            models.CheckConstraint(condition=one_of("severity", Severity), name="apv_severity"),
            models.CheckConstraint(
                condition=one_of("patch_strategy", PatchStrategy), name="apv_patch_strategy"
            ),
            models.CheckConstraint(
                condition=one_of("patch_risk_level", RiskLevel, null=True), name="apv_risk_level"
            ),
            models.CheckConstraint(
                condition=one_of("wargame_verdict", WargameVerdict, null=True),
                name="apv_wargame_verdict",
            ),
            models.CheckConstraint(
                condition=models.Q(apv_code__regex=CODE_PATTERN), name="apv_code_form"
            ),
            models.CheckConstraint(
                condition=models.Q(priority__range=(1, 10), priority__isnull=False),
                name="apv_priority",
            ),
            models.CheckConstraint(
                condition=models.Q(cve_id__isnull=True) | models.Q(cve_id__regex=CVE_PATTERN),
                name="apv_cve_form",
            ),
            models.CheckConstraint(
                condition=~models.Q(package_name=""), name="apv_package_name_given"
            ),
            models.CheckConstraint(condition=within("cvss_score", 0, 10), name="apv_cvss_score"),
            *(
                models.CheckConstraint(condition=within(field, 0, 1), name=f"apv_{field}")
                for field in (
                    "confirmation_confidence",
                    "static_confidence",
                    "dynamic_confidence",
                    "false_positive_probability",
                    "patch_confidence",
                    "validation_confidence",
                    "wargame_confidence",
                )
            ),
            models.CheckConstraint(
                condition=models.Q(pr_url="") | models.Q(pr_url__regex=URL_PATTERN),
                name="apv_pr_url",
            ),
            models.CheckConstraint(
                condition=models.Q(wargame_run_url="")
                | models.Q(wargame_run_url__regex=URL_PATTERN),
                name="apv_wargame_run_url",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    models.Func(
                        "patch_diff",
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    DIFF_MAX_BYTES,
                ),
                name="apv_patch_diff_size",
            ),
        ]

    def __str__(self) -> str:
        return str(self.apv_code)

    def clean(self) -> None:
        """Check that number and address are of one pull request."""
        try:
            links.check_number(self.pr_number, self.pr_url)
        except ValidationError as error:
            raise ValidationError({"pr_url": error}) from None

    def validate_constraints(self, exclude: Any = None) -> None:
        """Check the constraints, but for values that only saving fills in."""
        unfilled = {name for name in ("apv_code", "priority") if not getattr(self, name)}
        super().validate_constraints({*(exclude or ()), *unfilled})

    @property
    def was_validated(self) -> bool:
        """Whether a validation left a trace: "not passed" is what an APV has by default."""
        warned = self.validation_warnings and ILLUSTRATIVE not in self.validation_warnings
        return self.validation_passed or self.validation_confidence is not None or bool(warned)

    @property
    def recommendation(self) -> DecisionKind | None:
        """What the machine would do: approve if the wargame succeeded and validation passed.

        None where neither was run.
        """
        if self.wargame_verdict is None and not self.was_validated:
            return None
        won = self.wargame_verdict == WargameVerdict.SUCCESS and self.validation_passed
        return DecisionKind.APPROVE if won else DecisionKind.REJECT


class Advisory(models.Model):
    """A published advisory, as it was imported last."""

    osv_id = models.CharField(_("OSV id"), max_length=200, unique=True)
    modified = models.DateTimeField(_("modified"), null=True, blank=True)
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    aliases = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("aliases")
    )
    document = models.JSONField(_("document"))
    sha256 = models.CharField(_("SHA-256 of the document"), max_length=64)
    imported_at = models.DateTimeField(_("imported at"), default=timezone.now)

    class Meta:
        verbose_name = _("advisory")
        verbose_name_plural = _("advisories")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-modified", "osv_id"], name="advisory_newest")]

    def __str__(self) -> str:
        return str(self.osv_id)


class APVAdvisory(models.Model):
    """An advisory behind an APV.

    It `applies` while the advisory, as it reads now, asks for this very bump. Where it is the
    `origin`, an import made the APV from it.
    """

    apv = models.ForeignKey(APV, on_delete=models.CASCADE, related_name="advisory_links")
    advisory = models.ForeignKey(Advisory, on_delete=models.PROTECT, related_name="apv_links")
    origin = models.BooleanField(default=False)
    applies = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["apv", "advisory"], name="apv_advisory_once")
        ]

    def __str__(self) -> str:
        return f"{self.apv} {self.advisory}"


class CodeSequence(models.Model):
    """The last number given to an APV code in a year; the row is the lock on numbering."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"APV-{self.year}-{self.last:03d}"


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions are made one by one, through `services.decide`."""

    def bulk_create(self, *args: Any, **options: Any) -> Any:
        raise TypeError("Decisions are not made in bulk; call reviews.services.decide for each.")


class Decision(AtomicSave):
    """What a person decided on an APV, and what they saw then. Never edited, never deleted.

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
    )  # a user's first and last name, at most
    reviewer_email = models.CharField(_("reviewer email"), max_length=254, blank=True)

    # A snapshot of what was decided on: the APV may change later, the record must not.
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
    review_seconds = models.FloatField(
        _("review seconds"), help_text=_("From the APV's creation to the decision.")
    )

    action_taken = models.CharField(_("action taken"), max_length=20, choices=Action)
    outcome_notes = models.TextField(_("outcome notes"), blank=True)
    decided_at = models.DateTimeField(_("decided at"), default=timezone.now)
    action_completed_at = models.DateTimeField(_("action completed at"), null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [
            models.Index(fields=["-decided_at", "-decision_id"], name="decision_newest"),
            models.Index(fields=["decision", "-decided_at"], name="decision_verb"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=one_of("decision", DecisionKind), name="decision_verb_known"
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
                fields=["apv"],
                condition=models.Q(decision__in=FINAL),
                name="decision_once",
                violation_error_message=_("This APV is decided already."),
            ),
            models.UniqueConstraint(
                fields=["apv"],
                condition=models.Q(decision=DecisionKind.ESCALATE),
                name="decision_escalated_once",
                violation_error_message=_("This APV is escalated already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} {self.apv.apv_code}"

    @property
    def traits(self) -> Traits:
        """What belongs to this kind of decision."""
        return DecisionKind(self.decision).traits

    @property
    def by_submitter(self) -> bool:
        """Whether the reviewer had added the APV themselves."""
        return self.reviewer_id == self.apv.submitted_by_id


class Tally(models.Model):
    """A part of a counter that triggers keep (migration 0004); `reviews.tally` reads them."""

    pk = models.CompositePrimaryKey("key", "slot")
    key = models.CharField(max_length=100)
    slot = models.SmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        verbose_name = "counter"
        verbose_name_plural = "counters"

    def __str__(self) -> str:
        return self.key


class Reading(models.Model):
    """Somebody is reading an APV in one of their tabs, or was until a moment ago."""

    apv = models.ForeignKey(APV, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    tab = models.CharField(max_length=36, blank=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["apv", "user", "tab"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.apv}"


class IdempotencyKey(models.Model):
    """The first answer to a write, given again when its key comes again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    endpoint = models.CharField(max_length=100)
    fingerprint = models.CharField("SHA-256 of the request body", max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "endpoint", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key
