"""Folds of a list of APVs: a row for all that share a package, a CVE or a repository.

The database counts the groups, the gravest first. What a page says besides is read for its own
groups alone.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, BoolAnd
from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy, ngettext

from reviews.choices import PatchStrategy, Severity
from reviews.console.number_formats import digits
from reviews.console.sent_json import read as read_json
from reviews.versions.ecosystems import order_of

GROUPS = 50
"""How many groups a page has."""
DEEPEST = 10_000
"""The last page that an address can name."""
RANKS = list(reversed(Severity))
"""Severities, the least grave first."""
GRAVITY = Case(
    *(When(severity=one, then=Value(rank)) for rank, one in enumerate(RANKS)),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Fold:
    """A way to fold a list: APVs with equal `columns` are a group.

    `asks` returns the filter of a group, `says` a sentence on what its APVs have in common, which
    needs the aggregates in `reads`. APVs without a value in `required` are in no group,
    as `without` says.
    """

    name: str
    label: Any
    by: Any
    columns: tuple[str, ...]
    required: str
    without: Any
    asks: Callable[[tuple[Any, ...]], dict[str, str]]
    reads: dict[str, Any]
    says: Callable[["Group"], str]


@dataclass(frozen=True)
class Group:
    """The APVs of a list that share the `key` of a fold, as a row."""

    fold: Fold
    key: tuple[Any, ...]
    count: int
    read: dict[str, Any]

    @property
    def name(self) -> str:
        """Return what people call the group."""
        return str(self.key[-1])

    @property
    def within(self) -> str:
        """Return where its name is one: the ecosystem of a package, the forge of a repository."""
        return str(self.key[0]) if len(self.key) > 1 else ""

    @property
    def severity(self) -> Severity:
        return Severity(RANKS[self.read["gravity"]])

    @property
    def sentence(self) -> str:
        return self.fold.says(self)

    @property
    def value(self) -> str:
        """Return the group as a form sends it."""
        return json.dumps([self.fold.name, *self.key])

    @property
    def asks(self) -> dict[str, str]:
        """Return the filter of the group, as the parameters of an address."""
        return {name: value for name, value in self.fold.asks(self.key).items() if value}


def _of_package(group: Group) -> str:
    """Return whether one bump fixes all: to the highest version, which has the other fixes too."""
    versions = group.read["versions"]
    if not group.read["bumps"] or "" in versions or group.count < 2:
        return _apvs(group)
    order = order_of(group.within)
    highest = order.highest(versions)
    if any(order.compare(one, highest) is None for one in versions):
        return _apvs(group)
    message = ngettext(
        "{count} APV, one bump to {version} fixes it",
        "{count} APVs, one bump to {version} fixes all",
        group.count,
    )
    return message.format(count=digits(group.count), version=highest)


def _of_many(group: Group) -> str:
    """Return how many packages a group is about."""
    packages = group.read["packages"]
    message = ngettext("{apvs} of {count} package", "{apvs} of {count} packages", packages)
    return message.format(apvs=_apvs(group), count=digits(packages))


def _apvs(group: Group) -> str:
    return ngettext("{count} APV", "{count} APVs", group.count).format(count=digits(group.count))


FOLDS = {
    one.name: one
    for one in (
        Fold(
            name="package",
            label=gettext_lazy("Package"),
            by=gettext_lazy("Folded by package"),
            columns=("package_ecosystem", "package_name"),
            required="package_name",
            without="",
            asks=lambda key: {"package_ecosystem": key[0], "package_name": key[1]},
            reads={
                "versions": ArrayAgg("fixed_version", distinct=True),
                "bumps": BoolAnd(Q(patch_strategy=PatchStrategy.VERSION_BUMP)),
            },
            says=_of_package,
        ),
        Fold(
            name="cve",
            label=gettext_lazy("CVE"),
            by=gettext_lazy("Folded by CVE"),
            columns=("cve_id",),
            required="cve_id",
            without=gettext_lazy("APVs without a CVE are left out."),
            asks=lambda key: {"cve_id": key[0]},
            reads={"packages": Count("package_name", distinct=True)},
            says=_of_many,
        ),
        Fold(
            name="repository",
            label=gettext_lazy("Repository"),
            by=gettext_lazy("Folded by repository"),
            columns=("pull_request__repository__forge__name", "pull_request__repository__path"),
            required="pull_request",
            without=gettext_lazy("APVs without a repository that the console knows are left out."),
            asks=lambda key: {"repository": "/".join(key)},
            reads={"packages": Count("package_name", distinct=True)},
            says=_of_many,
        ),
    )
}


def in_groups(values: Iterable[str]) -> Q:
    """Return the condition that an APV is in one of these groups, as forms send them.

    Ignore what is none.
    """
    condition = Q(pk__in=[])
    for value in values:
        condition |= _in_group(value)
    return condition


def _in_group(value: str) -> Q:
    nothing = Q(pk__in=[])
    try:
        name, *key = read_json(value)
    except (ValueError, TypeError, RecursionError):
        return nothing
    fold = FOLDS.get(name) if isinstance(name, str) else None
    if fold is None or len(key) != len(fold.columns) or not all(map(_is_text, key)):
        return nothing
    return Q(**dict(zip(fold.columns, key, strict=True)))


def _is_text(part: Any) -> bool:
    """Return whether the database can compare `part` with a text."""
    return isinstance(part, str) and "\x00" not in part


@dataclass(frozen=True)
class FoldedPage:
    """A page of groups; `is_last` says whether none comes after it."""

    groups: list[Group]
    is_last: bool


def read_groups(rows: QuerySet[Any], fold: Fold, page: int) -> FoldedPage:
    """Return a page of the groups of `rows`, the gravest first, then the largest."""
    first = (page - 1) * GROUPS
    found = list(_counted(rows, fold)[first : first + GROUPS + 1])
    counts = {tuple(row[name] for name in fold.columns): row["count"] for row in found[:GROUPS]}
    read = _read(rows, fold, counts)
    groups = [Group(fold, key, count, read[key]) for key, count in counts.items() if key in read]
    return FoldedPage(groups, is_last=len(found) <= GROUPS)


def _counted(rows: QuerySet[Any], fold: Fold) -> Any:
    named = rows.filter(**{f"{fold.required}__isnull": False}).order_by()
    counted = named.values(*fold.columns).annotate(count=Count("pk"), top=Max("priority"))
    return counted.order_by("-top", "-count", *fold.columns)


def _read(
    rows: QuerySet[Any], fold: Fold, counts: dict[tuple[Any, ...], int]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what is said of groups, by their keys."""
    values = {f"{name}__in": {key[at] for key in counts} for at, name in enumerate(fold.columns)}
    some = rows.filter(**values).order_by().values(*fold.columns)
    found = some.annotate(gravity=Max(GRAVITY), **fold.reads)
    return {tuple(row[name] for name in fold.columns): row for row in found}
