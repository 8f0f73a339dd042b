"""Decisions as JSON: requests, and records."""

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers

from reviews.api.fields import NumberField, ObjectField
from reviews.decision_kinds import DecisionKind
from reviews.models import JUSTIFICATION_LENGTH, Decision
from reviews.services import DecisionFields


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """A recorded decision."""

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
            "revision",
            "head_commit",
        ]

    def get_confidence(self, decision: Decision) -> float:
        return 1.0 if decision.confidence is None else decision.confidence

    def get_confidence_stated(self, decision: Decision) -> bool:
        return decision.confidence is not None


DECISION_RECORD = DecisionSerializer()
"""One for all, to write a record with: making its fields anew costs more than writing them."""


class DecisionRequestSerializer(serializers.Serializer[DecisionFields]):
    """A request to decide."""

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
