"""npm, Yarn, pnpm and Bun."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reviews.intake.entries import Entry, SideLine
from reviews.intake.formats.json_objects import Object, Pair, objects
from reviews.intake.requirements import without_v

ECOSYSTEM = "npm"
SECTIONS = frozenset(
    [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "overrides",
        "resolutions",
        "catalog",
    ]
)
OTHER_KEYS = frozenset(
    [
        "name",
        "version",
        "description",
        "main",
        "module",
        "type",
        "types",
        "license",
        "homepage",
        "author",
        "private",
        "node",
        "npm",
        "yarn",
        "pnpm",
        "vscode",
        "bin",
        "browser",
        "exports",
        "engines",
        "repository",
        "url",
        "directory",
        "sideEffects",
    ]
)
"""Keys of package.json that are no packages."""
SPECIFICATION = re.compile(
    r"[v=^~<>]*\s*[0-9*x]|npm:|git|github:|https?:|latest$|workspace:|file:", re.ASCII
)
LOCAL = ("workspace:", "file:", "link:", "portal:")
OF_PACKAGES = SECTIONS | {"requires", "engines", "bin", "funding", "peerDependenciesMeta"}


def package_json(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in objects(lines):
        is_project = one.get("name") is not None
        for pair in one.pairs:
            if pair.key == "packageManager":
                name, _at, version = pair.value.partition("@")
                yield Entry(ECOSYSTEM, name, version.partition("+")[0], pair.changed, True)
            elif _is_dependency(one, pair, is_project=is_project):
                yield from _asked_for(pair.key, pair.value, pair.changed)


def _is_dependency(holder: Object, pair: Pair, *, is_project: bool) -> bool:
    if holder.key is None:
        is_inside = not holder.parents and not is_project
        return is_inside and pair.key not in OTHER_KEYS and bool(SPECIFICATION.match(pair.value))
    return holder.key in SECTIONS or bool(SECTIONS.intersection(holder.parents))


def _asked_for(key: str, value: str, changed: bool) -> Iterator[Entry]:
    """Yield what a line of package.json asks for, except packages of the same repository."""
    if value.startswith(LOCAL):
        return
    name = key
    if value.startswith("npm:"):  # an alias: the key is the name in the code
        name, _at, version = value[4:].rpartition("@")
        name, value = (name, version) if name else (version, "*")
    elif "#" in value and ("/" in value or ":" in value):
        value = value.rpartition("#")[2].removeprefix("semver:")
    if "@" in name[1:]:  # an override of one version
        name = name[0] + name[1:].partition("@")[0]
    yield Entry(ECOSYSTEM, name, without_v(value or "*"), changed, True, key=key)


def package_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read package-lock.json of any version: 2 and 3 name folders, 1 names packages."""
    for one in objects(lines):
        version = one.get("version")
        if version is None or one.key in OF_PACKAGES:
            continue
        resolved = one.get("resolved")
        name = _locked_name(one, resolved.value if resolved else "")
        if name:
            number = without_v(version.value.rpartition("#")[2])
            nested = (one.key or "").count("node_modules/") > 1
            changed = version.changed or one.changed
            direct = False if nested else None
            yield Entry(ECOSYSTEM, name, number, changed, direct, key=one.key or "")


def _locked_name(one: Object, resolved: str) -> str:
    if (named := one.get("name")) and one.key:
        return named.value
    _folder, found, name = (one.key or "").rpartition("node_modules/")
    if found:
        return name
    if one.key and (one.key.startswith("@") or "/" not in one.key):
        return one.key
    return _name_in(resolved) if one.key is None else ""


def _name_in(url: str) -> str:
    """Return the package of a registry's tarball, `https://host/@scope/name/-/name-1.0.tgz`."""
    path, found, _file = url.replace("%2f", "/").replace("%2F", "/").partition("/-/")
    scope, name = ["", *path.split("/")][-2:]
    return (f"{scope}/{name}" if scope.startswith("@") else name) if found else ""


# -- Yarn -------------------------------------------------------------------------------------

YARN_HEAD = re.compile(r'"?(@?[^@\s",]+)@(?:npm:)?([^",:]*)')
YARN_VERSION = re.compile(r'  version:? "?([^"\s]+)"?$')
YARN_RESOLVED = re.compile(r'  resolved "([^"#]+)')
YARN_RESOLUTION = re.compile(r'  resolution: "(@?[^@"]+)@([^"]*)"')
YARN_ALIAS = re.compile(r'"?(?:@?[^@\s",]+)@npm:(@?[^@\s",]+)@')


@dataclass(slots=True)
class _YarnEntry:
    """An entry as its lines tell it; `head` names the ranges that it is for."""

    head: str = ""
    name: str = ""
    version: str = ""
    changed: bool = False
    is_local: bool = False

    def found(self) -> Iterator[Entry]:
        if self.name and self.version and not self.is_local:
            yield Entry(ECOSYSTEM, self.name, self.version, self.changed, key=self.head)


def yarn_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read both forms of yarn.lock: the classic one, and the YAML of Yarn 2 and later."""
    entry = _YarnEntry()
    for text, changed in lines:
        if not text.startswith((" ", "#")):  # a head, or the empty line before one
            yield from entry.found()
            head = YARN_ALIAS.match(text) or YARN_HEAD.match(text)
            entry = _YarnEntry(text, head[1] if head else "", changed=changed)
        elif found := YARN_VERSION.match(text):
            entry.version = found[1]
            entry.changed |= changed
        elif found := YARN_RESOLUTION.match(text):
            entry.name = found[1]
            entry.is_local = found[2].startswith(("workspace:", "link:", "portal:"))
        elif found := YARN_RESOLVED.match(text):
            entry.name = entry.name or _name_in(found[1])
    yield from entry.found()


# -- pnpm -------------------------------------------------------------------------------------

PNPM_PACKAGE = re.compile(
    r"  '?/?(@[^/@\s']+/[^/@\s']+|[^/@\s'(]+)[@/]([0-9][^\s:'(_]*)(?:[(_][^\s]*)?'?:"
)
PNPM_NAME = re.compile(r"\s{4,10}'?(@?[^@\s':]+)'?:$")
PNPM_VERSION = re.compile(r"\s{6,12}version: '?([0-9][^\s'(]*)")


def pnpm_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the keys of `packages`, and what the projects (`importers`) ask for."""
    asked = SideLine("", False)
    for text, changed in lines:
        if found := PNPM_PACKAGE.match(text):
            yield Entry(ECOSYSTEM, found[1], found[2], changed)
        elif found := PNPM_NAME.match(text):
            asked = SideLine(found[1], changed)
        elif asked.text and (found := PNPM_VERSION.match(text)):
            is_changed = changed or asked.changed
            yield Entry(ECOSYSTEM, asked.text, found[1], is_changed, True, key="importer")
            asked = SideLine("", False)


BUN = re.compile(r"\s+\"[^\"]+\": \[\"(@?[^@\"]+)@([0-9][^\"]*)\"")


def bun_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for line in lines:
        if found := BUN.match(line.text):
            yield Entry(ECOSYSTEM, found[1], found[2], line.changed)


CATALOG = re.compile(
    r"\s{2,4}(?:'([^']+)'|\"([^\"]+)\"|([^\s:'\"]+)):\s*['\"]?([\^~]?[0-9][^\s'\"]*)"
)


def pnpm_workspace(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for line in lines:
        if found := CATALOG.match(line.text):
            name = found[1] or found[2] or found[3]
            yield Entry(ECOSYSTEM, name, found[4], line.changed, True)
