"""Which stored advisories the changes of a pull request fix."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reviews.imports import osv
from reviews.imports.affected import Affections
from reviews.imports.package_names import identity, search_key
from reviews.imports.ratings import Rated
from reviews.intake import Change
from reviews.intake.requirements import lowest
from reviews.models import Advisory
from reviews.versions import order_of

ACTIONS, NUMBERS_OF_A_RELEASE = "github actions", 3
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


def fixed_advisories(changes: Iterable[Change]) -> list[Fixed]:
    """Return the stored advisories that changes fix, the gravest first.

    An advisory is fixed if it affects a version that the changes move a package from, and none
    that they move it to. A range stands for the lowest version that it allows, which is the one
    that a project may still get.
    """
    packages = _by_package(changes)
    found = [
        fixed
        for row in _stored(packages)
        if (fixed := _fixed(osv.parsed(row.document), packages)) is not None
    ]
    return sorted(
        found, key=lambda one: (BY_GRAVITY.index(one.severity), -(one.score or 0), one.id)
    )


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


def _fixed(advisory: osv.Advisory, packages: dict[Package, list[Change]]) -> Fixed | None:
    """Return what an advisory says, if the changes fix it."""
    for package, changes in packages.items():
        entries = osv.entries_of(advisory, *package)
        if entries and _fixes(_affections(package[0], entries), changes):
            rated = osv.rating_of(advisory, entries)
            return _as_fixed(advisory, rated)
    return None


def _as_fixed(advisory: osv.Advisory, rated: Rated | None) -> Fixed:
    return Fixed(
        advisory.id,
        list(advisory.aliases),
        rated.severity.value if rated else None,
        rated.score if rated else None,
        osv.title_of(advisory),
    )


def _affections(ecosystem: str, entries: Sequence[osv.Affected]) -> Affections:
    ranges = [one for entry in entries for one in entry.ranges]
    listed = [version for entry in entries for version in entry.versions]
    is_semver = any(one.type == "SEMVER" for one in ranges)
    return Affections(order_of(ecosystem, is_semver=is_semver), listed, ranges)


def _fixes(affections: Affections, changes: Sequence[Change]) -> bool:
    old = [_definite(one.ecosystem, one.old) for one in changes if one.old]
    new = [_definite(one.ecosystem, one.new) for one in changes if one.new]
    return any(one and _affects(affections, one) for one in old) and not any(
        one is None or _affects(affections, one) for one in new
    )


def _affects(affections: Affections, version: str) -> bool:
    return affections.affects(version) or affections.affects(f"v{version}")


def _definite(ecosystem: str, version: str) -> str | None:
    """Return the version to look up; None for one that moves, such as `v4` of an action."""
    found = lowest(version)
    if found and ecosystem.lower() == ACTIONS and found.count(".") + 1 < NUMBERS_OF_A_RELEASE:
        return None
    return found
