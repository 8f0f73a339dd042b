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
