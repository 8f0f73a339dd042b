"""Positions in the event log as JSON."""

from rest_framework import serializers

from realtime.messages import Position


class PositionSerializer(serializers.Serializer[Position]):
    """A position in a channel's log."""

    epoch = serializers.CharField(allow_blank=True)
    offset = serializers.IntegerField(min_value=0)
