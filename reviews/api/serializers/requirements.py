"""What policies ask for of an APV, as JSON."""

from rest_framework import serializers

from reviews.api.serializers.apvs import APVSerializer
from reviews.policies.explaining import Explained
from reviews.policies.requirements import KINDS


class RequirementSerializer(serializers.Serializer[Explained]):
    """A requirement of a policy that applies, as it stands for the user who asks."""

    requirement = serializers.ChoiceField([(name, kind.label) for name, kind in KINDS.items()])
    policy = serializers.CharField(help_text="The name of the policy that asks for it.")
    met = serializers.BooleanField()
    words = serializers.CharField(help_text="What is met or missing, in the language asked for.")
    who = serializers.CharField(
        allow_blank=True, help_text="Who could meet it; empty if it is met."
    )


class ReviewSerializer(APVSerializer):
    """An APV with `requirements`, which its view has set on it."""

    requirements = RequirementSerializer(many=True, read_only=True)

    class Meta(APVSerializer.Meta):
        fields = [*APVSerializer.Meta.fields, "requirements"]
