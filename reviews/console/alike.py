"""What an APV has in common with others of its list, each with that list and its length."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from reviews.console.queue import PENDING, Asked, listing_of
from reviews.models import APV

PACKAGE = ("package_name", "package_ecosystem")
BUMP = (*PACKAGE, "package_version", "fixed_version")
CVE = ("cve_id",)


@dataclass(frozen=True)
class Alike:
    """A list of what is like an APV; `count` includes the APV itself where it is in the list."""

    label: Any
    count: int
    address: str


@dataclass(frozen=True)
class AllAlike:
    """The three lists that an APV leads to; None where it has no CVE or no versions."""

    package: Alike
    bump: Alike | None
    cve: Alike | None

    @property
    def worth_saying(self) -> list[Alike]:
        """Those that hold others, without one that says the same as the one before it."""
        said: list[Alike] = []
        for one in (self.package, self.bump):
            if one and one.count > 1 and (not said or said[-1].count != one.count):
                said.append(one)
        return [*said, self.cve] if self.cve and self.cve.count > 1 else said


def alike(apv: APV, *, sees_decisions: bool) -> AllAlike:
    """The lists of APVs like this one, beside it in its own tab."""
    listing = listing_of(apv.status, sees_decisions=sees_decisions)

    def sharing(names: tuple[str, ...], label: Any) -> Alike:
        query = QueryDict(mutable=True)
        if listing is not PENDING:
            query["status"] = listing.name
        query.update({name: value for name in names if (value := getattr(apv, name))})
        asked = Asked(listing, query)
        return Alike(label, asked.filter.qs.order_by().count(), asked.address())

    versioned = apv.package_version and apv.fixed_version
    return AllAlike(
        package=sharing(PACKAGE, _("of this package")),
        bump=sharing(BUMP, _("of this bump")) if versioned else None,
        cve=sharing(CVE, _("with this CVE")) if apv.cve_id else None,
    )
