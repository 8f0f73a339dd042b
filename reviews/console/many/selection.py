"""The APVs that a person chose from a list: row by row, in groups, or all that match."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reviews.batches.starting import MOST, Chosen
from reviews.console.access import Request
from reviews.console.folds import in_groups
from reviews.console.list_query import ListQuery, asked_of
from reviews.console.listings import ESCALATED, PENDING, Listing
from reviews.console.places import is_code
from reviews.models import APV
from reviews.permissions import Permission

LONG = ("patch_diff", "patch_description", "cve_description", "vulnerable_code_signature")
"""Fields that neither a rule nor a question needs."""
LARGEST_VERSION = 2**31 - 1


@dataclass(frozen=True)
class Selection:
    """The chosen APVs, at the versions that were shown, and how many more than MOST there are."""

    chosen: list[Chosen]
    beyond: int = 0

    @property
    def values(self) -> list[str]:
        """Return the values of the field `apv`, one for each."""
        return [value_of(one.apv.apv_code, one.version) for one in self.chosen]


def is_selectable(user: Any, listing: Listing) -> bool:
    """Return whether `user` may choose rows of a list, to act on them together."""
    return listing in (PENDING, ESCALATED) and bool(user.has_perm(Permission.DECIDE_APV))


def value_of(code: str, version: int) -> str:
    """Return an APV at a version as a form sends it."""
    return f"{code}:{version}"


def read_selection(request: Request) -> Selection:
    """Return what a form chose; codes that no APV has are ignored."""
    data = request.POST
    asked = asked_of(request)
    if asked.listing.of_decisions:
        return _listed(dict(_pairs(data.getlist("apv"))))
    if "all" in data:
        return _first_of(asked.filter.qs, asked)
    if "group" in data:
        return _with_groups(asked, data.getlist("group")[:MOST], data.getlist("apv"))
    return _listed(dict(_pairs(data.getlist("apv"))))


def _with_groups(asked: ListQuery, groups: list[str], values: list[str]) -> Selection:
    """Return the rows that were chosen, then those of the chosen groups."""
    chosen = _listed(dict(_pairs(values))).chosen
    codes = [one.apv.apv_code for one in chosen]
    rows = asked.filter.qs.filter(in_groups(groups)).exclude(apv_code__in=codes)
    more = _first_of(rows, asked)
    every = [*chosen, *more.chosen]
    return Selection(every[:MOST], more.beyond + max(0, len(every) - MOST))


def _first_of(rows: Any, asked: ListQuery) -> Selection:
    """Return the first of a list, in its order, each at its present version."""
    page = list(_readable(rows).order_by(*asked.order.by)[:MOST])
    beyond = rows.order_by().count() - MOST if len(page) == MOST else 0
    return Selection([Chosen(apv, apv.version) for apv in page], max(0, beyond))


def _listed(versions: dict[str, int]) -> Selection:
    wanted = dict(list(versions.items())[:MOST])
    found = _readable(APV.objects.filter(apv_code__in=wanted))
    by_code = {apv.apv_code: apv for apv in found}
    chosen = [Chosen(by_code[code], at) for code, at in wanted.items() if code in by_code]
    return Selection(chosen, max(0, len(versions) - MOST))


def _readable(rows: Any) -> Any:
    return rows.with_pull_request().defer(*LONG)


def _pairs(values: Iterable[str]) -> Iterable[tuple[str, int]]:
    """Return the codes and versions in values of the field `apv`; ignore invalid ones."""
    for value in values:
        code, _, version = value.partition(":")
        if is_code(code) and version.isascii() and version.isdecimal():
            yield code, min(int(version[:10]), LARGEST_VERSION)
