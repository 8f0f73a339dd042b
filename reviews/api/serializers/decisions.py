"""Decisions as JSON: requests, and records."""

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers

from reviews import links
from reviews.api.fields import NumberField, ObjectField
from reviews.decision_kinds import DecisionKind
from reviews.models import JUSTIFICATION_LENGTH, REASON_LENGTH, Decision, Effect, Retraction
from reviews.pull_requests.addresses import outcome_address
from reviews.services import DecisionFields


class EffectSerializer(serializers.ModelSerializer[Effect]):
    """What carries a decision out, and what has become of it."""

    url = serializers.SerializerMethodField(
        help_text="Where the merge commit, or what a pipeline reported, can be seen; may be empty."
    )

    class Meta:
        model = Effect
        fields = [
            "kind",
            "state",
            "head_commit",
            "attempts",
            "answer",
            "merged_commit",
            "url",
            "held_until",
            "next_at",
            "changed_at",
            "done_at",
        ]

    def get_url(self, effect: Effect) -> str:
        return outcome_address(effect)


class RetractionSerializer(serializers.ModelSerializer[Retraction]):
    """Who took a decision back, when and why."""

    class Meta:
        model = Retraction
        fields = ["reason", "retracted_by_name", "retracted_at"]


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
    outcome_notes = serializers.CharField(
        source="effect_or_none.answer",
        default="",
        read_only=True,
        help_text="What the forge said last, or what a pipeline reported.",
    )
    action_completed_at = serializers.DateTimeField(
        source="effect_or_none.done_at",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="When it was carried out; null until then.",
    )
    effect = EffectSerializer(source="effect_or_none", read_only=True, allow_null=True)
    retraction = RetractionSerializer(source="retraction_or_none", read_only=True, allow_null=True)
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
            "effect",
            "retraction",
            "escalate_to_user",
            "escalate_to_group",
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
    escalate_to_user = serializers.CharField(
        required=False, max_length=150, help_text="The user name of the lead who is to decide."
    )
    escalate_to_group = serializers.CharField(
        required=False, max_length=150, help_text="The group that is to decide."
    )


DECISION_REQUEST = DecisionRequestSerializer()
"""One for all, to validate requests with."""


class RetractionRequestSerializer(serializers.Serializer[dict[str, str]]):
    """A request to take a decision back."""

    reason = serializers.CharField(min_length=REASON_LENGTH[0], max_length=REASON_LENGTH[1])


class OutcomeRequestSerializer(serializers.Serializer[dict[str, str]]):
    """A report of what became of a decision that the console left to others."""

    outcome = serializers.ChoiceField([("done", "done"), ("failed", "failed")])
    notes = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    url = serializers.URLField(
        required=False,
        allow_blank=True,
        max_length=2000,
        validators=[links.check],
        help_text="Where people can see it.",
    )
