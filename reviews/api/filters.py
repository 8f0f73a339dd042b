"""Filters and orders of lists."""

from datetime import UTC, datetime
from typing import Any

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters.fields import ChoiceField, IsoDateTimeField
from rest_framework.request import Request

from reviews import search
from reviews.choices import (
    PatchStrategy,
    Severity,
    Status,
    WargameVerdict,
)
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, Decision
from reviews.orders import APV_KEYS


class AnyCaseChoiceField(ChoiceField):
    """A choice in upper or lower case."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        known = {str(key).lower(): key for key, _ in list(self.choices)}
        return known.get(text.lower(), text)


class AnyCaseChoiceFilter(filters.ChoiceFilter):
    field_class = AnyCaseChoiceField

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices=choices.choices, empty_label=None, null_label=None, **options)


class MomentField(IsoDateTimeField):
    """A moment in UTC: PostgreSQL supports fewer zones and years than ISO 8601."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class TotalOrderingFilter(filters.OrderingFilter):
    """Checks the requested order; the page applies it (reviews.orders)."""

    def filter(self, rows: QuerySet[Any], names: list[str] | None) -> QuerySet[Any]:
        return rows


def ordering(request: Request) -> list[str]:
    """Return the names of the order that a request asks for, which a filter has checked."""
    return [name for name in request.query_params.get("ordering", "").split(",") if name]


class APVFilter(filters.FilterSet):
    """Filters the queue."""

    severity = AnyCaseChoiceFilter(Severity)
    patch_strategy = AnyCaseChoiceFilter(PatchStrategy)
    wargame_verdict = AnyCaseChoiceFilter(WargameVerdict)
    package_ecosystem = filters.CharFilter(lookup_expr="iexact", max_length=50)
    package_name = filters.CharFilter(lookup_expr="icontains", max_length=214)
    search = filters.CharFilter(method="in_any_text", label="Code, CVE, package or text contains")

    class Meta:
        model = APV
        fields: list[str] = []

    def in_any_text(self, rows: QuerySet[APV], name: str, text: str) -> QuerySet[APV]:
        return rows.filter(search.containing_in_queue(text))


class AnyStatusAPVFilter(APVFilter):
    """Filters and orders the list of all APVs."""

    status = AnyCaseChoiceFilter(Status)
    cve_id = filters.CharFilter(lookup_expr="iexact", max_length=28)
    ordering = TotalOrderingFilter(
        fields=APV_KEYS,
        help_text="Rows that are alike are ordered by their id, and those without a score come"
        " last. A change moves a row that is ordered by `updated_at`, also during a walk.",
    )

    def in_any_text(self, rows: QuerySet[APV], name: str, text: str) -> QuerySet[APV]:
        return rows.filter(search.containing(text))


class DecisionFilter(filters.FilterSet):
    """Filters lists of decisions."""

    decision = AnyCaseChoiceFilter(DecisionKind)
    reviewer = filters.CharFilter(
        method="by_reviewer", max_length=150, label="The reviewer's user name or name"
    )
    apv = filters.UUIDFilter(field_name="apv_id", label="An APV's id")
    decided_after = MomentFilter(field_name="decided_at", lookup_expr="gte")
    decided_before = MomentFilter(field_name="decided_at", lookup_expr="lt")

    class Meta:
        model = Decision
        fields: list[str] = []

    def by_reviewer(self, rows: QuerySet[Decision], name: str, text: str) -> QuerySet[Decision]:
        return rows.filter(Q(reviewer__username__iexact=text) | Q(reviewer_name__iexact=text))
