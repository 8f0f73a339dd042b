"""Filters and orders of the console's lists, which are kept in the address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from reviews.console.filter_fields import SeveralChoices, field_for
from reviews.decision_kinds import DecisionKind
from reviews.filters import PARAMETERS, Filter, Person, read_leniently
from reviews.filters.filter import READ, filter_of
from reviews.filters.kinds import Columns, Offered
from reviews.filters.parameters import SEARCH, SEARCH_IN_TEXT, WITHIN

PRIORITY = "priority"
SORTS = {
    PRIORITY: _("By priority"),
    "due": _("By deadline"),
    "age": _("By age"),
    "score": _("By score"),
}
SEVERAL = (*(name for name, one in PARAMETERS.items() if one.takes_several), "decision")
"""The parameters that may come several times, or with several values between commas."""
KEPT = (
    *("status", "search", "within"),
    *(name for name in PARAMETERS if name != "search"),
    *("decision", "decided", "decided_since", "sort", "fold"),
)
"""The parameters of an address that say which list is shown, in the order they are written."""
TEXT = "text"
"""The value of `within` that searches titles and descriptions besides names."""
OFFERED = ("severity", "patch_strategy", "wargame_verdict", "package_ecosystem", "pull_request")
"""The parameters of which every value is offered at once."""
MORE = (
    *("step", "dependency", "kev"),
    *("claimed", "assigned", "commented", "approvals"),
    *("repository", "author", "branch", "label", "path", "due", "age", "epss"),
)
"""Those that are offered when somebody asks for more."""
HIDDEN = ("package_name", "cve_id", "package_version", "fixed_version", "decided_since")
"""Those that only links set, which every other choice must keep."""
LOOKUPS = {
    "decision": "decision__in",
    "decided": "decided_at__date",
    "decided_since": "decided_at__date__gte",
}
"""What filters decisions beside their APVs."""
OWN = frozenset(["severity", "patch_strategy", "wargame_verdict", "cve_id"])
"""What a decision keeps of its APV in columns of its own."""


def asked(query: QueryDict) -> str:
    """Return the part of a query that defines the list, as `?…`, or "" for the plain queue."""
    given = [(name, value) for name in KEPT if name in query for value in values_of(query, name)]
    text = urlencode([pair for pair in given if pair != ("sort", PRIORITY)])
    return f"?{text}" if text else ""


def values_of(query: QueryDict, name: str) -> list[str]:
    """Return the values of a parameter, each once; for single-valued ones only the last."""
    if name not in SEVERAL:
        return [str(query[name])] if query.get(name) else []
    parts = [part for text in query.getlist(name) for part in text.split(",")]
    return [part for part in dict.fromkeys(parts) if part]


@dataclass(frozen=True)
class Chosen:
    """One filter parameter of a list, in words."""

    name: str
    label: Any
    words: str


class ListForm(forms.Form):
    """The fields of every list."""

    search = forms.CharField(
        label=SEARCH.label,
        required=False,
        max_length=SEARCH.longest,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Search"), "autocomplete": "off"}
        ),
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        for name in (*OFFERED, *MORE, *HIDDEN):
            if name in PARAMETERS:
                self.fields[name] = field_for(PARAMETERS[name], hidden=name in HIDDEN)


class DecisionsForm(ListForm):
    """The fields of the list of decisions."""

    decision = SeveralChoices(
        label=_("Decision"),
        choices=[(value, capfirst(words)) for value, words in DecisionKind.choices],
    )
    decided = forms.DateField(
        label=_("Day (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    decided_since = forms.DateField(
        label=_("Since (UTC)"), required=False, widget=forms.HiddenInput
    )


class ListFilter:
    """Filters a list by the query of its address. Unknown parameters and values are ignored."""

    form_class = ListForm
    columns = Columns()
    offered: tuple[str, ...] = OFFERED

    def __init__(
        self, query: QueryDict, rows: QuerySet[Any], user: Any = None, *, of_apv: bool = False
    ) -> None:
        self.query = query
        self.rows = rows
        self.user = user
        self.of_apv = of_apv

    @cached_property
    def form(self) -> forms.Form:
        form = self.form_class(self.query)
        form.is_valid()
        return form

    @cached_property
    def terms(self) -> Filter:
        """Return the filter in the query, which searches names unless the query says more."""
        given = {name: self._given(name) for name in READ.keys() & self.query.keys()}
        return read_leniently(given)

    def _condition(self, terms: Filter) -> Q:
        person = Person.of(self.user) if terms.personal else Person()
        return terms.of(person).condition(self.columns)

    def _given(self, name: str) -> list[str]:
        values = values_of(self.query, name)
        parameter = PARAMETERS.get(name)
        if isinstance(parameter, Offered) and values and not self.of_apv:
            offered = {value for value, _label in parameter.offers()}
            return [one for one in values if one in offered]
        return values

    @cached_property
    def applied(self) -> Filter:
        """Return the filter that the list shows."""
        values = {one.name: list(values) for one, values in self.terms.terms}
        return filter_of({**values, WITHIN.name: [TEXT]}) if self.reads_text else self.terms

    @cached_property
    def reads_text(self) -> bool:
        """Return whether to search titles and descriptions: on request, or if no name matches."""
        for parameter, values in self.terms.terms:
            if parameter.name == SEARCH.name:
                return parameter is SEARCH_IN_TEXT or not self._is_named(values)
        return False

    def _is_named(self, values: Any) -> bool:
        named = filter_of({SEARCH.name: values}).condition(self.columns)
        return self.rows.filter(named).exists()

    @cached_property
    def qs(self) -> Any:
        """Return the rows that match."""
        return self.rows.filter(self._condition(self.applied))

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return what filters the list, by parameter."""
        found = {one.name: values for one, values in self.terms.terms}
        return {**found, **self._beside}

    @property
    def _beside(self) -> dict[str, str]:
        """Return what filters a list beside the filter of its APVs, in words."""
        return {}

    @cached_property
    def chosen_in_words(self) -> list[Chosen]:
        terms = [
            Chosen(one.parameter.name, one.parameter.label, one.words) for one in self.terms.terms
        ]
        beside = self._beside.items()
        return [*terms, *(Chosen(name, self.form[name].label, words) for name, words in beside)]

    @cached_property
    def searched(self) -> str:
        """Return what is searched for, or ""."""
        return str(next(iter(self.chosen.get("search", ())), ""))

    @cached_property
    def choices_shown(self) -> list[forms.BoundField]:
        """Return the fields to choose from, in the order of the page."""
        return [self.form[name] for name in self.offered]

    @cached_property
    def more(self) -> list[forms.BoundField]:
        """Return the fields that are shown when somebody asks for more."""
        return [self.form[name] for name in MORE]

    @cached_property
    def is_more_chosen(self) -> bool:
        """Return whether a field is filled that is hidden otherwise."""
        return any(self.query.get(name) for name in MORE)

    @cached_property
    def ignored(self) -> list[Chosen]:
        """Return the fields with values that nobody can read, with the reasons."""
        if not self.is_more_chosen:
            return []  # without making the form
        faulty = [self.form[name] for name in MORE if self.form.errors.get(name)]
        return [Chosen(one.name, one.label, " ".join(map(str, one.errors))) for one in faulty]

    @cached_property
    def fields_kept(self) -> list[forms.BoundField]:
        """Return the fields set by a link, which every other choice must keep."""
        return [field for field in self.form.hidden_fields() if field.name in self.chosen]


class QueueFilter(ListFilter):
    """Filters the lists of open APVs."""


class DecisionsFilter(ListFilter):
    """Filters the list of decisions, by APV and by kind."""

    form_class = DecisionsForm
    columns = Columns("apv__", OWN)
    offered = (*OFFERED, "decision")

    @cached_property
    def qs(self) -> Any:
        given = {name: value for name, value in self.form.cleaned_data.items() if value}
        conditions = {lookup: given[name] for name, lookup in LOOKUPS.items() if name in given}
        return super().qs.filter(**conditions)

    @property
    def _beside(self) -> dict[str, str]:
        given = self.form.cleaned_data
        kinds = [str(capfirst(DecisionKind(one).label)) for one in given.get("decision", ())]
        days = {name: given.get(name) for name in ("decided", "decided_since")}
        found = {
            "decision": ", ".join(kinds),
            **{name: str(day or "") for name, day in days.items()},
        }
        return {name: words for name, words in found.items() if words}
