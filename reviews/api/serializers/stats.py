"""The statistics of the review as JSON."""

from typing import Any

from rest_framework import serializers

from reviews.decision_kinds import DecisionKind


class StatsSerializer(serializers.Serializer[Any]):
    """The dashboard's numbers; null if there are no data to compute one from."""

    pending_reviews = serializers.IntegerField()
    total_decisions = serializers.IntegerField()
    decisions_today = serializers.IntegerField(help_text="Since 00:00 UTC.")
    decisions_this_week = serializers.IntegerField(help_text="Since Monday, 00:00 UTC.")
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

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with a count of each kind of decision after those of the week."""
        fields = {}
        for name, field in super().get_fields().items():
            fields[name] = field
            if name == "decisions_this_week":
                fields |= {kind.traits.count: serializers.IntegerField() for kind in DecisionKind}
        return fields
