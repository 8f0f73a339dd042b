"""What the lists of the console can be narrowed and ordered by; the address keeps it."""

from typing import Any
from urllib.parse import urlencode

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews import search, selectors
from reviews.choices import PatchStrategy, Severity, Verb, WargameVerdict

NOT_RUN = "none"
PRIORITY = "priority"
SORTS = {
    PRIORITY: _("By priority"),
    "age": _("By age"),
    "score": _("By score"),
}
KEPT = (
    "status",
    "search",
    "severity",
    "patch_strategy",
    "wargame_verdict",
    "package_ecosystem",
    "decision",
    "decided",
    "sort",
)
"""The parameters of an address that say which list is shown, in the order they are written."""


def asked(query: QueryDict) -> str:
    """The part of a query that says which list is shown, as `?…`, or "" for the plain queue."""
    given = {name: query.get(name, "") for name in KEPT}
    if given["sort"] == PRIORITY:
        del given["sort"]
    text = urlencode({name: value for name, value in given.items() if value})
    return f"?{text}" if text else ""


def _choice(label: Any, choices: Any, **options: Any) -> Any:
    return filters.ChoiceFilter(label=label, empty_label=label, choices=choices, **options)


class ListFilter(filters.FilterSet):
    """Narrows a list; a value that is none of the choices narrows nothing."""

    search = filters.CharFilter(
        method="in_any_text",
        label=_("Search code, CVE, package and text"),
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Search"), "autocomplete": "off"}
        ),
    )
    severity = _choice(_("Severity"), Severity.choices)
    patch_strategy = _choice(_("Strategy"), PatchStrategy.choices)
    wargame_verdict = _choice(
        _("Wargame"),
        [*WargameVerdict.choices, (NOT_RUN, pgettext_lazy("wargame", "not run"))],
        method="by_verdict",
    )
    package_ecosystem = _choice(_("Ecosystem"), selectors.ecosystem_choices)

    def in_any_text(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return rows.filter(search.containing_in_queue(text))

    def by_verdict(self, rows: QuerySet[Any], name: str, verdict: str) -> QuerySet[Any]:
        if verdict == NOT_RUN:
            return rows.filter(wargame_verdict=None)
        return rows.filter(wargame_verdict=verdict)

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """What narrows the list, by parameter."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @cached_property
    def fields_shown(self) -> list[forms.BoundField]:
        """The choices, in the order of the page."""
        return [field for field in self.form if field.name != "search"]


class QueueFilter(ListFilter):
    """Narrows the lists of APVs that are open."""


class DecisionsFilter(ListFilter):
    """Narrows the list of decisions, by what was decided on and how."""

    package_ecosystem = _choice(
        _("Ecosystem"), selectors.ecosystem_choices, field_name="apv__package_ecosystem"
    )
    decision = _choice(_("Decision"), Verb.choices)
    decided = filters.DateFilter(
        field_name="decided_at",
        lookup_expr="date",
        label=_("Day (UTC)"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def in_any_text(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return rows.filter(search.containing(text, "apv__"))
