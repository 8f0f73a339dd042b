"""Filters and orders of the console's lists, which are kept in the address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews import search, selectors
from reviews.choices import (
    PatchStrategy,
    Severity,
    WargameVerdict,
)
from reviews.decision_kinds import DecisionKind

NOT_RUN = "none"
PULL_REQUEST = [
    ("yes", pgettext_lazy("pull request", "has one")),
    ("no", pgettext_lazy("pull request", "has none")),
]
PRIORITY = "priority"
SORTS = {
    PRIORITY: _("By priority"),
    "age": _("By age"),
    "score": _("By score"),
}
SEVERAL = (
    "severity",
    "patch_strategy",
    "wargame_verdict",
    "package_ecosystem",
    "pull_request",
    "decision",
)
"""The parameters that may come several times, or with several values between commas."""
KEPT = (
    "status",
    "search",
    "within",
    *SEVERAL,
    "package_name",
    "cve_id",
    "repository",
    "author",
    "package_version",
    "fixed_version",
    "decided",
    "decided_since",
    "sort",
)
"""The parameters of an address that say which list is shown, in the order they are written."""
TEXT = "text"
"""The value of `within` that searches titles and descriptions besides names."""


def asked(query: QueryDict) -> str:
    """Return the part of a query that defines the list, as `?…`, or "" for the plain queue."""
    given = [(name, value) for name in KEPT for value in values_of(query, name)]
    text = urlencode([pair for pair in given if pair != ("sort", PRIORITY)])
    return f"?{text}" if text else ""


def values_of(query: QueryDict, name: str) -> list[str]:
    """Return the values of a parameter, each once; for single-valued ones only the last."""
    if name not in SEVERAL:
        return [str(query[name])] if query.get(name) else []
    parts = [part for text in query.getlist(name) for part in text.split(",")]
    return [part for part in dict.fromkeys(parts) if part]


class Checkboxes(forms.CheckboxSelectMultiple):
    """A checkbox for each choice."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return values_of(data, name)


class SeveralChoices(forms.MultipleChoiceField):
    """Some of the choices. Unknown values are ignored."""

    widget = Checkboxes

    def clean(self, value: Any) -> list[str]:
        return [one for one in value if self.valid_value(one)]


class AnyOf(filters.Filter):
    """Keeps the rows whose column has any of the chosen values."""

    field_class = SeveralChoices

    def filter(self, rows: QuerySet[Any], chosen: list[str]) -> QuerySet[Any]:
        return rows.filter(**{f"{self.field_name}__in": chosen}) if chosen else rows


def _capitalised(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return choices with a capital letter; names, such as of ecosystems, stay as they are."""
    return [(value, capfirst(words)) for value, words in choices]


def _any_of(label: Any, choices: Any, **options: Any) -> Any:
    return AnyOf(label=label, choices=choices, **options)


def _exactly(label: Any, **options: Any) -> Any:
    """Return a filter for exact values from links, which the form keeps."""
    return filters.CharFilter(label=label, max_length=500, widget=forms.HiddenInput, **options)


@dataclass(frozen=True)
class Chosen:
    """One filter parameter of a list, in words."""

    name: str
    label: Any
    words: str


class ListFilter(filters.FilterSet):
    """Filters a list. Unknown values are ignored."""

    prefix_of_apv = ""
    """How the columns of the APV are reached from a row."""

    search = filters.CharFilter(
        method="by_text",
        label=_("Search code, CVE, package and text"),
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Search"), "autocomplete": "off"}
        ),
    )
    severity = _any_of(_("Severity"), _capitalised(Severity.choices))
    patch_strategy = _any_of(_("Strategy"), _capitalised(PatchStrategy.choices))
    wargame_verdict = _any_of(
        _("Wargame"),
        _capitalised([*WargameVerdict.choices, (NOT_RUN, pgettext_lazy("wargame", "not run"))]),
        method="by_verdict",
    )
    pull_request = _any_of(_("Pull request"), _capitalised(PULL_REQUEST), method="by_pull_request")
    package_ecosystem = _any_of(
        _("Ecosystem"), selectors.ecosystem_choices, method="by_column_of_apv"
    )
    package_name = _exactly(_("Package"), method="by_column_of_apv")
    package_version = _exactly(_("Vulnerable version"), method="by_column_of_apv")
    fixed_version = _exactly(_("Fixed version"), method="by_column_of_apv")
    cve_id = _exactly(_("CVE"))
    repository = _exactly(_("Repository"), method="by_repository")
    author = _exactly(_("Author"), method="by_author")

    def by_text(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        return self._saying(rows, text) if self.reads_text else self._named(rows, text)

    @cached_property
    def reads_text(self) -> bool:
        """Return whether to search titles and descriptions: on request, or if no name matches."""
        text = self.chosen.get("search")
        if not text:
            return False
        return self.data.get("within") == TEXT or not self._named(self.queryset, text).exists()

    def _named(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(search.containing_in_queue(text, search.NAMES))

    def _saying(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(search.containing_in_queue(text))

    def by_verdict(self, rows: QuerySet[Any], name: str, verdicts: list[str]) -> QuerySet[Any]:
        condition = Q(wargame_verdict__in=verdicts)
        if NOT_RUN in verdicts:
            condition |= Q(wargame_verdict=None)
        return rows.filter(condition)

    def by_pull_request(self, rows: QuerySet[Any], name: str, chosen: list[str]) -> QuerySet[Any]:
        if len(chosen) == len(PULL_REQUEST):
            return rows
        return rows.filter(**{f"{self.prefix_of_apv}pr_number__isnull": chosen == ["no"]})

    def by_repository(self, rows: QuerySet[Any], name: str, given: str) -> QuerySet[Any]:
        """Keep the rows of a repository, which is given as forge and path."""
        forge, _, path = given.partition("/")
        at = f"{self.prefix_of_apv}pull_request__repository"
        return rows.filter(**{f"{at}__forge__name": forge, f"{at}__path": path})

    def by_author(self, rows: QuerySet[Any], name: str, given: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.prefix_of_apv}pull_request__author": given})

    def by_column_of_apv(self, rows: QuerySet[Any], name: str, given: Any) -> QuerySet[Any]:
        lookup = "__in" if isinstance(given, list) else ""
        return rows.filter(**{f"{self.prefix_of_apv}{name}{lookup}": given})

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return what filters the list, by parameter."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @cached_property
    def chosen_in_words(self) -> list[Chosen]:
        return [
            Chosen(name, self.form[name].label, self._in_words(name, value))
            for name, value in self.chosen.items()
        ]

    def _in_words(self, name: str, value: Any) -> str:
        if not isinstance(value, list):
            return str(value)
        words = {key: str(word) for key, word in self.form.fields[name].choices}
        return ", ".join(words[one] for one in value)

    @cached_property
    def choices_shown(self) -> list[forms.BoundField]:
        """Return the fields to choose from, in the order of the page."""
        return [self.form[name] for name in SEVERAL if name in self.form.fields]

    @cached_property
    def fields_kept(self) -> list[forms.BoundField]:
        """Return the fields set by a link, which every other choice must keep."""
        return [field for field in self.form.hidden_fields() if field.name in self.chosen]


class QueueFilter(ListFilter):
    """Filters the lists of open APVs."""


class DecisionsFilter(ListFilter):
    """Filters the list of decisions, by APV and by kind."""

    prefix_of_apv = "apv__"

    decision = _any_of(_("Decision"), _capitalised(DecisionKind.choices))
    decided = filters.DateFilter(
        field_name="decided_at",
        lookup_expr="date",
        label=_("Day (UTC)"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    decided_since = filters.DateFilter(
        field_name="decided_at",
        lookup_expr="date__gte",
        label=_("Since (UTC)"),
        widget=forms.HiddenInput,
    )

    def _named(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(search.containing(text, self.prefix_of_apv, search.NAMES))

    def _saying(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(search.containing(text, self.prefix_of_apv))
