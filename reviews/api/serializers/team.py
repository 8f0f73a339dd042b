"""Teamwork as JSON: claims and assignments."""

from typing import Any

from rest_framework import serializers

from accounts.names import display_name
from reviews.models import Assignment, Claim
from reviews.services.claiming import REASON_LENGTH


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    """Who has an APV, and until when unless it is renewed."""

    apv_id = serializers.UUIDField(read_only=True)
    username = serializers.CharField(source="user.username", read_only=True)
    name = serializers.SerializerMethodField(help_text="The full name, or the user name.")

    class Meta:
        model = Claim
        fields = ["apv_id", "username", "name", "claimed_at", "expires_at"]

    def get_name(self, claim: Claim) -> str:
        return display_name(claim.user)


class ClaimRequestSerializer(serializers.Serializer[dict[str, Any]]):
    """A request to claim an APV; with `take_over` even if somebody else has it."""

    take_over = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=REASON_LENGTH[1],
        help_text="Told to who had it. Needed to take over, except for leads.",
    )


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """Whom an APV is assigned to: a user, or a group."""

    apv_id = serializers.UUIDField(read_only=True)
    user = serializers.CharField(source="user.username", default=None, allow_null=True)
    group = serializers.CharField(source="group.name", default=None, allow_null=True)
    name = serializers.CharField(help_text="The full name, or that of the group.")

    class Meta:
        model = Assignment
        fields = ["apv_id", "user", "group", "name", "assigned_at"]


class AssignmentRequestSerializer(serializers.Serializer[dict[str, str]]):
    """A request to assign an APV to a user or a group."""

    user = serializers.CharField(required=False, max_length=150, help_text="A user name.")
    group = serializers.CharField(required=False, max_length=150, help_text="A group's name.")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if not attrs:
            raise serializers.ValidationError({"user": "Name a user or a group."})
        return attrs
