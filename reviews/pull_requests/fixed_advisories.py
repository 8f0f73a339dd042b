"""Which stored advisories the changes of a pull request fix."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reviews.imports import bumps, osv
from reviews.imports.affected import Affections
from reviews.imports.package_names import identity, search_key
from reviews.imports.ratings import Rated
from reviews.intake import Change
from reviews.intake.formats import actions
from reviews.intake.requirements import lowest
from reviews.models import Advisory
from reviews.versions import order_of

ACTIONS, NUMBERS_OF_A_RELEASE = actions.ECOSYSTEM.lower(), 3
SOME_VERSION = "1.0.0"
"""Every order knows it: what cannot be compared with it is no version."""
BY_GRAVITY = ("CRITICAL", "HIGH", "MEDIUM", "LOW", None)

Package = tuple[str, str]


class Fixed(NamedTuple):
    """An advisory that affects what a pull request moves from, and not what it moves to."""

    id: str
    aliases: list[str]
    severity: str | None
    score: float | None
    summary: str

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


class Fix(NamedTuple):
    """A stored advisory that is fixed, with the package and the rating that this is about."""

    fixed: Fixed
    package: Package
    row: Advisory
    advisory: osv.Advisory
    rated: Rated | None


def fixed_advisories(changes: Iterable[Change]) -> list[Fixed]:
    """Return the stored advisories that changes fix, the gravest first; see `fixes`."""
    return [one.fixed for one in fixes(changes)]


def fixes(changes: Iterable[Change]) -> list[Fix]:
    """Return which stored advisories changes fix, the gravest first.

    An advisory is fixed if it affects a version that the changes move a package from, and none
    that they move it to. A range stands for the lowest version that it allows, which is the one
    that a project may still get.
    """
    packages = _by_package(changes)
    found = [fix for row in _stored(packages) if (fix := _fix(row, packages)) is not None]
    return sorted(found, key=_gravity)


def is_fixed(document: Any, changes: Iterable[dict[str, Any]]) -> bool:
    """Return whether changes, as JSON, fix the advisory in a document."""
    packages = _by_package(Change.from_json(one) for one in changes)
    return _fixed_package(osv.parsed(document), packages) is not None


def _gravity(fix: Fix) -> tuple[int, float, str]:
    one = fix.fixed
    return BY_GRAVITY.index(one.severity), -(one.score or 0), one.id


def _by_package(changes: Iterable[Change]) -> dict[Package, list[Change]]:
    packages: dict[Package, list[Change]] = defaultdict(list)
    for one in changes:
        packages[identity(one.ecosystem, one.package)].append(one)
    return packages


def _stored(packages: Iterable[Package]) -> Iterator[Advisory]:
    keys = [search_key(*one) for one in packages]
    if not keys:
        return iter(())
    stored = Advisory.objects.filter(packages__overlap=keys, withdrawn=None)
    return stored.order_by("osv_id").iterator(chunk_size=100)


def _fix(row: Advisory, packages: dict[Package, list[Change]]) -> Fix | None:
    """Return what an advisory says, if the changes fix it."""
    advisory = osv.parsed(row.document)
    package = _fixed_package(advisory, packages)
    if package is None:
        return None
    rated = bumps.rating_of(advisory, osv.by_package(advisory.affected)[package])
    return Fix(_as_fixed(advisory, rated), package, row, advisory, rated)


def _fixed_package(advisory: osv.Advisory, packages: dict[Package, list[Change]]) -> Package | None:
    """Return the first package of an advisory that the changes take out of its reach."""
    for package, entries in osv.by_package(advisory.affected).items():
        if _Reach(package[0], entries).is_made_by(packages.get(package, [])):
            return package
    return None


def _as_fixed(advisory: osv.Advisory, rated: Rated | None) -> Fixed:
    return Fixed(
        advisory.id,
        list(advisory.aliases),
        rated.severity.value if rated else None,
        rated.score if rated else None,
        osv.title_of(advisory),
    )


class _Reach:
    """Which versions of one package an advisory affects."""

    def __init__(self, ecosystem: str, entries: Sequence[osv.Affected]) -> None:
        ranges = [one for entry in entries for one in entry.ranges]
        is_semver = any(one.type == "SEMVER" for one in ranges)
        self._ecosystem = ecosystem
        self._listed = [version for entry in entries for version in entry.versions]
        self._order = order_of(ecosystem, is_semver=is_semver)
        self._affections = Affections(self._order, self._listed, ranges)

    def is_made_by(self, changes: Sequence[Change]) -> bool:
        """Return whether changes leave an affected version, all of them for one that is not."""
        old = [self._is_affected(one.old) for one in changes if one.old]
        new = [self._is_affected(one.new) for one in changes if one.new]
        return True in old and not any(one is not False for one in new)

    def _is_affected(self, asked: str) -> bool | None:
        """Return whether a version is affected; None if that is unknown."""
        version = self._definite(asked)
        if version is None:
            return None
        return self._affections.affects(version) or f"v{version}" in self._listed

    def _definite(self, asked: str) -> str | None:
        """Return the version to look up; None for a commit, and for a tag that moves, as `v4`."""
        version = lowest(asked)
        if version is None or self._order.compare(version, SOME_VERSION) is None:
            return None
        is_action = self._ecosystem == ACTIONS
        return None if is_action and version.count(".") + 1 < NUMBERS_OF_A_RELEASE else version
