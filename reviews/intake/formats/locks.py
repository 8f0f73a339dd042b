"""Lock files that are TOML with a `[[package]]` for each: Poetry, uv, PDM, PEP 751, Cargo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats import python, rust, toml_lines

PACKAGES = ("package", "packages")
OWN = ("editable", "virtual", "directory", "workspace")
"""How uv's and Poetry's locks say that a package is of the same repository."""


@dataclass(slots=True)
class _Package:
    name: str = ""
    version: str = ""
    changed: bool = False
    source: str = ""
    next_key: str | None = None
    """The key after the version, if the hunk shows it."""


def python_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in _packages(lines):
        if not any(f"{word} =" in one.source for word in OWN):
            digest = _commit(one.source)
            yield Entry(python.ECOSYSTEM, one.name, one.version, one.changed, digest=digest)


def cargo_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read Cargo.lock, in which a package of the same repository has no source."""
    for one in _packages(lines):
        if one.source or one.next_key is None:
            digest = _commit(one.source)
            yield Entry(rust.ECOSYSTEM, one.name, one.version, one.changed, digest=digest)


def _packages(lines: Sequence[SideLine]) -> Iterator[_Package]:
    package, section = _Package(), None
    for one in toml_lines.items(lines):
        if not one.key and not one.in_array:
            section = one.section
            if section in {*PACKAGES, "metadata", "extras"}:
                yield from _complete(package)
                package = _Package()
        elif section in {None, *PACKAGES}:
            _take(package, one)
    yield from _complete(package)


def _complete(package: _Package) -> Iterator[_Package]:
    if package.name and package.version:
        yield package


def _take(package: _Package, item: toml_lines.Item) -> None:
    value = toml_lines.string(item.value)
    if item.key == "name" and value:
        package.name, package.changed = value, package.changed or item.changed
    elif item.key == "version" and value and not package.version:
        package.version, package.changed = value, package.changed or item.changed
    elif item.key == "source":
        package.source = item.value
        package.changed |= item.changed
    if package.version and item.key and item.key != "version" and package.next_key is None:
        package.next_key = item.key


def _commit(source: str) -> str:
    """Return the commit of a package from git."""
    return source.rpartition("#")[2].strip("\"' }") if "git" in source and "#" in source else ""
