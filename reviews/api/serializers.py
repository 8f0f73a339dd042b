"""APVs and decisions as JSON."""

from typing import Any

from django.core.exceptions import ValidationError as InvalidModel
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from rest_framework import serializers

from reviews import links, selectors
from reviews.api.fields import BoundedBytes, BoundedListField, FirstErrors, NumberField, ObjectField
from reviews.decision_kinds import DecisionKind
from reviews.models import (
    APV,
    CODE_PATTERN,
    DIFF_MAX_BYTES,
    JUSTIFICATION_LENGTH,
    APVAdvisory,
    Decision,
)

AS_IT_IS = {"trim_whitespace": False}  # white space is content in code


def submitter() -> serializers.CharField:
    """Declare the field that names the user who added an APV; null where a command did."""
    return serializers.CharField(
        source="submitted_by.username",
        read_only=True,
        allow_null=True,
        help_text="The user who added it; null where a command did.",
    )


class AdvisoryOfAPVSerializer(serializers.ModelSerializer[APVAdvisory]):
    """An advisory behind an APV, and what has become of it."""

    id = serializers.CharField(source="advisory.osv_id", read_only=True)
    modified = serializers.DateTimeField(
        source="advisory.modified", read_only=True, allow_null=True
    )
    withdrawn = serializers.DateTimeField(
        source="advisory.withdrawn", read_only=True, allow_null=True
    )

    class Meta:
        model = APVAdvisory
        fields = ["id", "modified", "withdrawn", "applies"]
        extra_kwargs = {
            "applies": {
                "read_only": True,
                "help_text": "Whether the advisory, as it reads now, asks for this very bump.",
            }
        }


class APVSerializer(serializers.ModelSerializer[APV]):
    """An APV whole: what a pipeline sends and what a reviewer reads."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **{APV._meta.get_field("cvss_score").__class__: NumberField},
        **{APV._meta.get_field("cwe_ids").__class__: BoundedListField},
    }

    wargame_evidence = ObjectField(required=False)
    submitted_by = submitter()
    advisories = AdvisoryOfAPVSerializer(source="advisory_links", many=True, read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that number and address are of one pull request."""
        try:
            links.check_number(attrs.get("pr_number"), attrs.get("pr_url", ""))
        except InvalidModel as error:
            raise serializers.ValidationError({"pr_url": error.messages}) from None
        return attrs

    class Meta:
        list_serializer_class = FirstErrors
        model = APV
        fields = [
            "apv_id",
            "apv_code",
            "status",
            "version",
            "priority",
            "severity",
            "severity_source",
            "cve_id",
            "cve_title",
            "cve_description",
            "cvss_score",
            "cvss_vector",
            "cwe_ids",
            "package_name",
            "package_version",
            "package_ecosystem",
            "fixed_version",
            "vulnerable_code_signature",
            "vulnerable_code_type",
            "affected_files",
            "confirmed",
            "confirmation_confidence",
            "static_confidence",
            "dynamic_confidence",
            "false_positive_probability",
            "patch_strategy",
            "patch_description",
            "patch_diff",
            "patch_confidence",
            "patch_risk_level",
            "validation_passed",
            "validation_confidence",
            "validation_warnings",
            "pr_number",
            "pr_url",
            "pr_branch",
            "wargame_verdict",
            "wargame_confidence",
            "wargame_run_url",
            "wargame_evidence",
            "created_at",
            "updated_at",
            "submitted_by",
            "advisories",
        ]
        read_only_fields = ["apv_id", "status", "version", "created_at", "updated_at"]
        extra_kwargs: dict[str, dict[str, Any]] = {
            "apv_code": {
                # A code in use is a conflict, which the service tells; no 400 for it here.
                "validators": [RegexValidator(CODE_PATTERN, "Enter a code like APV-2026-001.")],
                "help_text": "Left out, the next of this year.",
            },
            "cve_id": {"allow_blank": False},
            "patch_risk_level": {"allow_blank": False},
            "wargame_verdict": {"allow_blank": False},
            "patch_diff": {**AS_IT_IS, "validators": [BoundedBytes(DIFF_MAX_BYTES)]},
            "vulnerable_code_signature": AS_IT_IS,
        }


LEFT_OUT_OF_LISTS = (
    "cve_description",
    "vulnerable_code_signature",
    "affected_files",
    "patch_description",
    "patch_diff",
    "validation_warnings",
    "wargame_evidence",
)
"""What may be long: 200 APVs with all of it would take hundreds of megabytes."""


class APVLineSerializer(serializers.ModelSerializer[APV]):
    """An APV in a list: without what may be long."""

    submitted_by = submitter()
    advisories = AdvisoryOfAPVSerializer(source="advisory_links", many=True, read_only=True)

    class Meta:
        model = APV
        fields = [name for name in APVSerializer.Meta.fields if name not in LEFT_OUT_OF_LISTS]


QUEUE_FIELDS = (
    "apv_id",
    "apv_code",
    "cve_id",
    "severity",
    "package_name",
    "patch_strategy",
    "wargame_verdict",
    "confirmation_confidence",
    "created_at",
    "waiting_since",
    "priority",
    "status",
    "version",
)
QUEUE_COLUMNS = tuple(name for name in QUEUE_FIELDS if name != "waiting_since")
"""What must be read of an APV for a line of the queue."""


class QueueItemSerializer(serializers.ModelSerializer[APV]):
    """An APV as one line of the queue."""

    waiting_since = serializers.SerializerMethodField(help_text="Hours since it was added.")

    class Meta:
        model = APV
        fields = QUEUE_FIELDS

    def get_waiting_since(self, apv: APV) -> float:
        return selectors.hours_waiting(apv)


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """The record of a decision."""

    apv_id = serializers.UUIDField(read_only=True)
    apv_code = serializers.CharField(source="apv.apv_code", read_only=True)
    confidence = serializers.SerializerMethodField(
        help_text="From 0 to 1; 1 where nobody said one: see `confidence_stated`."
    )
    confidence_stated = serializers.SerializerMethodField(
        help_text="Whether the reviewer said how sure they were."
    )
    modifications = ObjectField(read_only=True)
    by_submitter = serializers.BooleanField(
        read_only=True, help_text="Whether the reviewer had added the APV themselves."
    )

    class Meta:
        model = Decision
        fields = [
            "decision_id",
            "apv_id",
            "apv_code",
            "decision",
            "justification",
            "confidence",
            "modifications",
            "reviewer_name",
            "reviewer_email",
            "cve_id",
            "severity",
            "patch_strategy",
            "wargame_verdict",
            "action_taken",
            "outcome_notes",
            "decided_at",
            "action_completed_at",
            "confidence_stated",
            "apv_version",
            "diff_sha256",
            "by_submitter",
        ]

    def get_confidence(self, decision: Decision) -> float:
        return 1.0 if decision.confidence is None else decision.confidence

    def get_confidence_stated(self, decision: Decision) -> bool:
        return decision.confidence is not None


DECISION_RECORD = DecisionSerializer()
"""One for all, to write a record with: making its fields anew costs more than writing them."""


class DecisionRequestSerializer(serializers.Serializer[Any]):
    """A decision as it is asked for."""

    apv_id = serializers.UUIDField()
    decision = serializers.ChoiceField(DecisionKind.choices)
    justification = serializers.CharField(
        min_length=JUSTIFICATION_LENGTH[0], max_length=JUSTIFICATION_LENGTH[1]
    )
    confidence = NumberField(
        required=False, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    modifications = ObjectField(required=False, help_text="Needed for `modify`.")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The APV's version you read."
    )
    reviewer_name = serializers.CharField(required=False, allow_blank=True, max_length=150)
    reviewer_email = serializers.EmailField(required=False, allow_blank=True, max_length=254)


class StatsSerializer(serializers.Serializer[Any]):
    """The dashboard's numbers; null where there is nothing to compute from."""

    pending_reviews = serializers.IntegerField()
    total_decisions = serializers.IntegerField()
    decisions_today = serializers.IntegerField(help_text="Since 00:00 UTC.")
    decisions_this_week = serializers.IntegerField(help_text="Since Monday, 00:00 UTC.")
    for _kind in DecisionKind:
        vars()[_kind.traits.count] = serializers.IntegerField()
    del _kind
    average_review_time_seconds = serializers.FloatField(allow_null=True)
    median_review_time_seconds = serializers.FloatField(allow_null=True)
    fastest_review_seconds = serializers.FloatField(allow_null=True)
    slowest_review_seconds = serializers.FloatField(allow_null=True)
    human_ai_agreement_rate = serializers.FloatField(allow_null=True)
    auto_merge_prevention_rate = serializers.FloatField(allow_null=True)
    critical_pending = serializers.IntegerField()
    high_pending = serializers.IntegerField()
    medium_pending = serializers.IntegerField()
    low_pending = serializers.IntegerField()


class PositionSerializer(serializers.Serializer[Any]):
    """A place in a channel's log."""

    epoch = serializers.CharField(allow_blank=True)
    offset = serializers.IntegerField(min_value=0)
