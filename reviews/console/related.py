"""APVs related to one: with the same package, bump, CVE, repository or author."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews import selectors
from reviews.console.list_query import ListQuery, query_for
from reviews.console.listings import listing_of
from reviews.models import APV

PACKAGE = ("package_name", "package_ecosystem")
BUMP = (*PACKAGE, "package_version", "fixed_version")
CVE = ("cve_id",)


@dataclass(frozen=True)
class RelatedList:
    """A list of related APVs; `count` includes the APV itself if it is in the list."""

    label: Any
    count: int
    address: str


@dataclass(frozen=True)
class RelatedLists:
    """The lists of related APVs; None without a CVE, without versions or without a forge.

    The list of the author is linked, but not counted: "" without one.
    """

    package: RelatedList
    bump: RelatedList | None
    cve: RelatedList | None
    repository: RelatedList | None
    of_author: str

    @property
    def worth_saying(self) -> list[RelatedList]:
        """Return the lists with other APVs, without one that repeats the previous one."""
        said: list[RelatedList] = []
        for one in (self.package, self.bump):
            if one and one.count > 1 and (not said or said[-1].count != one.count):
                said.append(one)
        others = (self.cve, self.repository)
        return [*said, *(one for one in others if one and one.count > 1)]


def related(apv: APV, *, sees_decisions: bool) -> RelatedLists:
    """Return the lists of APVs related to `apv`, among those of its own tab."""
    listing = listing_of(apv.status, sees_decisions=sees_decisions)

    def sharing(names: tuple[str, ...], label: Any) -> RelatedList:
        return narrowed({name: value for name in names if (value := getattr(apv, name))}, label)

    def narrowed(shared: dict[str, str], label: Any) -> RelatedList:
        asked = asked_for(shared)
        return RelatedList(label, asked.filter.qs.order_by().count(), asked.without())

    def asked_for(shared: dict[str, str]) -> ListQuery:
        return ListQuery(listing, query_for(listing, **shared), of_apv=True)

    repository = selectors.repository_of(apv)
    author = apv.pull_request.author if apv.pull_request else ""
    versioned = apv.package_version and apv.fixed_version
    return RelatedLists(
        package=sharing(PACKAGE, _("of this package")),
        bump=sharing(BUMP, _("of this bump")) if versioned else None,
        cve=sharing(CVE, _("with this CVE")) if apv.cve_id else None,
        repository=narrowed({"repository": repository}, _("of this repository"))
        if repository
        else None,
        of_author=asked_for({"author": author}).address() if author else "",
    )
