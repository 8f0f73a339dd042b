"""APVs as JSON: complete, in a list, and in the queue."""

from typing import Any

from django.core.exceptions import ValidationError as InvalidModel
from django.core.validators import RegexValidator
from rest_framework import serializers

from reviews import links, selectors
from reviews.api.fields import BoundedBytes, BoundedListField, FirstErrors, NumberField, ObjectField
from reviews.models import APV, CODE_PATTERN, DIFF_MAX_BYTES, APVAdvisory

AS_IT_IS = {"trim_whitespace": False}  # white space is content in code


def submitter() -> serializers.CharField:
    """Return the field for the user who added an APV; it is null if a command did."""
    return serializers.CharField(
        source="submitted_by.username",
        read_only=True,
        allow_null=True,
        help_text="The user who added it; null where a command did.",
    )


class AdvisoryOfAPVSerializer(serializers.ModelSerializer[APVAdvisory]):
    """An advisory of an APV, and its state."""

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
    """A complete APV: what a pipeline sends and a reviewer reads."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **{APV._meta.get_field("cvss_score").__class__: NumberField},
        **{APV._meta.get_field("cwe_ids").__class__: BoundedListField},
    }

    wargame_evidence = ObjectField(required=False)
    submitted_by = submitter()
    advisories = AdvisoryOfAPVSerializer(source="advisory_links", many=True, read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the number and the address name the same pull request."""
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
                # The service reports a taken code as a conflict, so do not answer 400 here.
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
    """An APV in a list, without long fields."""

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
    """An APV in the queue."""

    waiting_since = serializers.SerializerMethodField(help_text="Hours since it was added.")

    class Meta:
        model = APV
        fields = QUEUE_FIELDS

    def get_waiting_since(self, apv: APV) -> float:
        return selectors.hours_waiting(apv)
