"""What filters see of a patch: its files, how far it moves a version, and who asks for the package.

The columns with these are None for a row that an earlier release wrote; `facts_of` then reads the
patch itself.
"""

from typing import TYPE_CHECKING, Any

from reviews.choices import Dependency
from reviews.diffs import parse
from reviews.imports.package_names import identity
from reviews.intake.changes import moves_of
from reviews.intake.model import Change
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


def paths_of(apv: "APV") -> list[str]:
    """Return the files that an APV names and those of its diff, each once and in order."""
    in_diff = (name for file in parse(apv.patch_diff).files for name in file.names)
    changed = (change["file"] for change in apv.changes)
    return sorted({_storable(name) for name in (*apv.affected_files, *in_diff, *changed) if name})


def _storable(name: str) -> str:
    """Return a name that a diff may have escaped, without what the database cannot store."""
    return name.replace("\x00", "\ufffd").encode(errors="replace").decode()


def version_step_of(apv: "APV") -> str:
    """Return the size of the step of its package's version, UNKNOWN if that has none."""
    return step_of(apv.package_ecosystem, apv.package_version, apv.fixed_version) or UNKNOWN


def dependency_of(apv: "APV") -> str:
    """Return whether a project asks for the package itself, UNKNOWN if nothing shows it."""
    known = {change.direct for change in _changes_of_package(apv)}
    if True in known:
        return Dependency.DIRECT.value
    return Dependency.TRANSITIVE.value if False in known else UNKNOWN


def _changes_of_package(apv: "APV") -> list[Change]:
    """Return what the patch changes of the APV's package, as was read from it or from its diff."""
    changes = [Change.from_json(one) for one in apv.changes]
    if not changes and apv.patch_diff:
        changes = [move.change for move in moves_of(apv.patch_diff).moves]
    own = identity(apv.package_ecosystem, apv.package_name)
    return [one for one in changes if identity(one.ecosystem, one.package) == own]


def with_columns(names: Any) -> list[str]:
    """Return the names of fields to save, with the columns that follow from them."""
    given = list(dict.fromkeys(names))
    return [*given, *COLUMNS] if SOURCES.intersection(given) else given


COLUMNS = {"paths": paths_of, "version_step": version_step_of, "dependency": dependency_of}
"""The columns of an APV, each with what computes it."""
