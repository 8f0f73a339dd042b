"""What filters see of a patch: its files, how far it moves a version, and who asks for the package.

The columns with these are None for a row that an earlier release wrote; `facts_of` then reads the
patch itself.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from reviews.choices import Dependency
from reviews.diffs import parse
from reviews.imports.package_names import identity
from reviews.intake.changes import moves_in
from reviews.intake.model import Change
from reviews.intake.near_package import near_package
from reviews.versions import step_of

if TYPE_CHECKING:
    from reviews.models import APV

SOURCES = frozenset(
    [
        *("affected_files", "patch_diff", "changes"),
        *("package_ecosystem", "package_name", "package_version", "fixed_version"),
    ]
)
"""The fields from which they are read."""
UNKNOWN = ""
SHORT = 5_000
"""So many characters of a diff are kept with what it says."""


class OfDiff(NamedTuple):
    """What a diff says: the files that it names, and the changes of one package."""

    names: tuple[str, ...]
    changes: tuple[Change, ...]


def fill(apv: "APV") -> None:
    """Set the columns of an APV, for which its diff is parsed once."""
    said = said_by_diff(apv)
    apv.paths = paths_of(apv, said)
    apv.version_step = version_step_of(apv)
    apv.dependency = dependency_of(apv, said)


def said_by_diff(apv: "APV") -> OfDiff:
    """Return what the diff of an APV says, of its package only if nothing else says that."""
    package = None if apv.changes else (apv.package_ecosystem, apv.package_name)
    read = _remembered if len(apv.patch_diff) <= SHORT else _read
    return read(apv.patch_diff, package)


def _read(text: str, package: tuple[str, str] | None) -> OfDiff:
    diff = parse(text)
    names = tuple(name for file in diff.files for name in file.names)
    if package is None:
        return OfDiff(names, ())
    moves = moves_in(near_package(diff, package[1])).moves
    return OfDiff(names, tuple(_of_package([move.change for move in moves], *package)))


def _of_package(changes: Iterable[Change], ecosystem: str, name: str) -> list[Change]:
    own = identity(ecosystem, name)
    return [one for one in changes if identity(one.ecosystem, one.package) == own]


# A bump often fixes several advisories, and the APV of each has the same diff.
_remembered = lru_cache(maxsize=500)(_read)


def paths_of(apv: "APV", said: OfDiff | None = None) -> list[str]:
    """Return the files that an APV names and those of its diff, each once and in order."""
    in_diff = (said or said_by_diff(apv)).names
    changed = (change["file"] for change in apv.changes)
    return sorted({_storable(name) for name in (*apv.affected_files, *in_diff, *changed) if name})


def _storable(name: str) -> str:
    """Return a name that a diff may have escaped, without what the database cannot store."""
    return name.replace("\x00", "\ufffd").encode(errors="replace").decode()


def version_step_of(apv: "APV") -> str:
    """Return the size of the step of its package's version, UNKNOWN if that has none."""
    return step_of(apv.package_ecosystem, apv.package_version, apv.fixed_version) or UNKNOWN


def dependency_of(apv: "APV", said: OfDiff | None = None) -> str:
    """Return whether a project asks for the package itself, UNKNOWN if nothing shows it."""
    known = {change.direct for change in _changes_of_package(apv, said)}
    if True in known:
        return Dependency.DIRECT.value
    return Dependency.TRANSITIVE.value if False in known else UNKNOWN


def _changes_of_package(apv: "APV", said: OfDiff | None) -> Iterable[Change]:
    """Return what the patch changes of the APV's package, as was read from it or from its diff."""
    if not apv.changes:
        return (said or said_by_diff(apv)).changes
    changes = map(Change.from_json, apv.changes)
    return _of_package(changes, apv.package_ecosystem, apv.package_name)


def with_columns(names: Any) -> list[str]:
    """Return the names of fields to save, with the columns that follow from them."""
    given = list(dict.fromkeys(names))
    return [*given, *COLUMNS] if SOURCES.intersection(given) else given


COLUMNS = ("paths", "version_step", "dependency")
"""The columns of an APV that `fill` sets, in the order in which they are saved."""
