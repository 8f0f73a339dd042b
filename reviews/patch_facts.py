"""What filters see of a patch: its files, how far it moves a version, and who asks for the package.

The columns with these are None for a row that an earlier release wrote; `facts_of` then reads the
patch itself.
"""

from typing import TYPE_CHECKING, Any

from reviews.choices import Dependency
from reviews.diffs import Diff, parse
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


def fill(apv: "APV") -> None:
    """Set the columns of an APV, for which its diff is parsed once."""
    diff = parse(apv.patch_diff)
    apv.paths = paths_of(apv, diff)
    apv.version_step = version_step_of(apv)
    apv.dependency = dependency_of(apv, diff)


def paths_of(apv: "APV", diff: Diff | None = None) -> list[str]:
    """Return the files that an APV names and those of its diff, each once and in order."""
    parsed = diff or parse(apv.patch_diff)
    in_diff = (name for file in parsed.files for name in file.names)
    changed = (change["file"] for change in apv.changes)
    return sorted({_storable(name) for name in (*apv.affected_files, *in_diff, *changed) if name})


def _storable(name: str) -> str:
    """Return a name that a diff may have escaped, without what the database cannot store."""
    return name.replace("\x00", "\ufffd").encode(errors="replace").decode()


def version_step_of(apv: "APV") -> str:
    """Return the size of the step of its package's version, UNKNOWN if that has none."""
    return step_of(apv.package_ecosystem, apv.package_version, apv.fixed_version) or UNKNOWN


def dependency_of(apv: "APV", diff: Diff | None = None) -> str:
    """Return whether a project asks for the package itself, UNKNOWN if nothing shows it."""
    known = {change.direct for change in _changes_of_package(apv, diff)}
    if True in known:
        return Dependency.DIRECT.value
    return Dependency.TRANSITIVE.value if False in known else UNKNOWN


def _changes_of_package(apv: "APV", diff: Diff | None) -> list[Change]:
    """Return what the patch changes of the APV's package, as was read from it or from its diff."""
    changes = [Change.from_json(one) for one in apv.changes]
    if not changes:
        near = near_package(diff or parse(apv.patch_diff), apv.package_name)
        changes = [move.change for move in moves_in(near).moves]
    own = identity(apv.package_ecosystem, apv.package_name)
    return [one for one in changes if identity(one.ecosystem, one.package) == own]


def with_columns(names: Any) -> list[str]:
    """Return the names of fields to save, with the columns that follow from them."""
    given = list(dict.fromkeys(names))
    return [*given, *COLUMNS] if SOURCES.intersection(given) else given


COLUMNS = ("paths", "version_step", "dependency")
"""The columns of an APV that `fill` sets, in the order in which they are saved."""
