"""APVs as JSON: complete, in a list, and in the queue."""

from typing import Any

from django.core.exceptions import ValidationError as InvalidModel
from django.core.validators import RegexValidator
from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forges.choices import CheckState, PullRequestState
from reviews import links, selectors
from reviews.api.fields import BoundedBytes, BoundedListField, FirstErrors, NumberField, ObjectField
from reviews.api.usual_values import BooleanField, ChoiceField, GivenFields, TextField
from reviews.choices import Status, WithdrawalReason
from reviews.lengths import LONGEST_PATH, MOST_CHANGES, longest
from reviews.models import APV, CODE_PATTERN, DIFF_MAX_BYTES, EVIDENCE, EXPLOITATION, APVAdvisory

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

    aliases = serializers.ListField(
        source="advisory.aliases", child=serializers.CharField(), read_only=True
    )
    severity = serializers.SerializerMethodField(
        help_text="As the pull request was read; null if the advisory names none."
    )
    score = serializers.SerializerMethodField()
    summary = serializers.SerializerMethodField()

    def get_severity(self, link: APVAdvisory) -> str | None:
        return self._read(link).get("severity")

    def get_score(self, link: APVAdvisory) -> float | None:
        return self._read(link).get("score")

    def get_summary(self, link: APVAdvisory) -> str:
        return str(self._read(link).get("summary", ""))

    def _read(self, link: APVAdvisory) -> dict[str, Any]:
        """Return what the APV keeps of an advisory that its pull request fixes."""
        kept = (one for one in link.apv.advisories if one["id"] == link.advisory.osv_id)
        return next(kept, {})

    class Meta:
        model = APVAdvisory
        fields = [
            *("id", "modified", "withdrawn", "applies"),
            *("aliases", "severity", "score", "summary"),
        ]
        extra_kwargs = {
            "applies": {
                "read_only": True,
                "help_text": "Whether the advisory, as it reads now, asks for this very bump.",
            }
        }


def _version() -> serializers.CharField:
    return serializers.CharField(max_length=longest("package_version"), allow_null=True)


ChangeSerializer: Any = type(  # `from` is no name that a class could declare
    "ChangeSerializer",
    (serializers.Serializer,),
    {
        "__doc__": "A package that a patch moves; `from` is null if it is new, `to` if it goes.",
        "package": serializers.CharField(max_length=longest("package_name")),
        "ecosystem": serializers.CharField(max_length=longest("package_ecosystem")),
        "from": _version(),
        "to": _version(),
        "direct": serializers.BooleanField(allow_null=True, required=False, default=None),
        "file": serializers.CharField(
            max_length=LONGEST_PATH, allow_blank=True, required=False, default=""
        ),
    },
)


class CheckSerializer(serializers.Serializer[Any]):
    """A check of the head commit on the forge."""

    name = serializers.CharField()
    state = serializers.ChoiceField(CheckState.choices)
    url = serializers.CharField(allow_blank=True)
    summary = serializers.CharField(allow_blank=True)


class WithdrawnSerializer(serializers.Serializer[Any]):
    """Who withdrew an APV, when and why."""

    by = serializers.CharField(
        source="withdrawn_by", help_text="An account of the forge; empty for an import."
    )
    at = serializers.DateTimeField(source="withdrawn_at")
    reason = serializers.ChoiceField(WithdrawalReason.choices, source="withdrawn_reason")
    superseded_by = serializers.IntegerField(
        allow_null=True, help_text="The number of the pull request that took its place."
    )


WITHDRAWN = WithdrawnSerializer()


class OfPullRequest(serializers.ModelSerializer[APV]):
    """What an APV shows of its pull request on a forge; null or empty without one."""

    repository = serializers.SerializerMethodField(help_text="The forge's name, and the path.")
    author = serializers.CharField(
        source="pull_request.author",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The account that opened the pull request, as the forge names it.",
    )
    labels = serializers.ListField(
        source="pull_request.labels", child=serializers.CharField(), read_only=True, default=list
    )
    pull_request_state = serializers.SerializerMethodField()
    withdrawn = serializers.SerializerMethodField()
    due_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="Until when it is to be decided on; null without a deadline.",
    )
    deadline_rule = serializers.SerializerMethodField(
        help_text="The rule that says so: the strictest of those that match."
    )

    @extend_schema_field(serializers.ChoiceField(PullRequestState.choices, allow_null=True))
    def get_pull_request_state(self, apv: APV) -> str | None:
        return apv.pull_request_state or None

    def get_repository(self, apv: APV) -> str | None:
        return selectors.repository_of(apv)

    def get_deadline_rule(self, apv: APV) -> str | None:
        deadline = getattr(apv, "deadline", None) if apv.due_at is not None else None
        return None if deadline is None else str(deadline.rule.name)

    @extend_schema_field(WithdrawnSerializer(allow_null=True))
    def get_withdrawn(self, apv: APV) -> dict[str, Any] | None:
        is_withdrawn = apv.status == Status.WITHDRAWN
        return dict(WITHDRAWN.to_representation(apv)) if is_withdrawn else None


ADDED = (
    *("repository", "author", "head_commit", "labels", "checks", "changes", "revision"),
    *("pull_request_state", "withdrawn"),
    *("epss", "known_exploited"),
    *("due_at", "deadline_rule"),
)
"""What came to APVs later."""


class APVSerializer(GivenFields, OfPullRequest):
    """A complete APV: what a pipeline sends and a reviewer reads."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **dict.fromkeys([models.CharField, models.TextField], TextField),
        models.BooleanField: BooleanField,
        **{APV._meta.get_field("cvss_score").__class__: NumberField},
        **{APV._meta.get_field("cwe_ids").__class__: BoundedListField},
    }

    serializer_choice_field = ChoiceField
    wargame_evidence = ObjectField(required=False)
    submitted_by = submitter()
    advisories = AdvisoryOfAPVSerializer(source="advisory_links", many=True, read_only=True)
    checks = CheckSerializer(many=True, read_only=True)
    changes = BoundedListField(child=ChangeSerializer(), required=False, max_length=MOST_CHANGES)

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
            *ADDED,
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


class NewAPVSerializer(APVSerializer):
    """A complete APV that was just added, to which no advisory is linked yet."""

    advisories: Any = serializers.SerializerMethodField()

    def get_advisories(self, apv: APV) -> list[Any]:
        return []


LEFT_OUT_OF_LISTS = (
    "cve_description",
    "vulnerable_code_signature",
    "affected_files",
    "patch_description",
    "patch_diff",
    "validation_warnings",
    "wargame_evidence",
    "checks",
    "changes",
)
"""What may be long: 200 APVs with all of it would take hundreds of megabytes."""


class EvidenceSerializer(APVSerializer):
    """What a pipeline changes of an APV: evidence, and the patch if no forge has it."""

    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The APV's version that you read; or give it in `If-Match`.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Refuse fields that cannot be changed, by name."""
        if isinstance(data, dict) and (
            others := [name for name in data if name not in self.fields]
        ):
            raise serializers.ValidationError({str(name)[:100]: [NO_EVIDENCE] for name in others})
        return super().to_internal_value(data)

    class Meta(APVSerializer.Meta):
        fields = [
            "version",
            *EVIDENCE,
            "patch_diff",
            "head_commit",
            "changes",
            *sorted(EXPLOITATION),
        ]
        read_only_fields: list[str] = []


NO_EVIDENCE = "This is no evidence of an APV, so it cannot be changed."


class APVLineSerializer(OfPullRequest):
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
