"""Maven and Gradle, which both use Maven's registries."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, Found, SideLine, Variable, referred
from reviews.intake.formats import toml_lines

ECOSYSTEM = "Maven"
TAG = re.compile(r"<(/?)([\w.-]+)(?:\s[^<>]*+)?>(?:([^<>]*+)</\2>)?")
HOLDERS = frozenset(
    ["dependency", "plugin", "parent", "extension", "annotationProcessorPath", "path"]
)
PROJECT = "modelVersion"
"""What stands above the coordinates of the project itself."""
PLUGINS = "org.apache.maven.plugins"
REFERENCE = re.compile(r"\$\{([\w.-]+)\}")
LOOKS_LIKE_A_VERSION = re.compile(r"v?[0-9][\w.+-]*", re.ASCII)


class _Coordinates:
    """The group, artifact and version of a pom.xml, in this order."""

    def __init__(self, holder: str = "") -> None:
        self.holder = holder
        self.group = self.artifact = ""
        self.changed = False

    def take(self, tag: str, value: str, changed: bool) -> Iterator[Entry]:
        if tag == "groupId":
            self.group, self.artifact, self.changed = value, "", changed
        elif tag == "artifactId":
            self.artifact = value
            self.changed |= changed
        elif tag == "version" and self.artifact:
            yield from self._entry(value, changed or self.changed)

    def _entry(self, version: str, changed: bool) -> Iterator[Entry]:
        group = self.group or (PLUGINS if self.holder == "plugin" else "")
        if group and self.holder != PROJECT:
            name, variable = f"{group}:{self.artifact}", referred(REFERENCE, version)
            yield Entry(ECOSYSTEM, name, version, changed, True, variable=variable)
        self.artifact = ""


def pom_xml(lines: Sequence[SideLine]) -> Iterator[Found]:
    """Read dependencies, plugins and parents, and the properties that hold versions."""
    own = _Coordinates()
    for text, changed in lines:
        for close, tag, value in TAG.findall(text):
            if tag in HOLDERS and not value:
                own = _Coordinates("" if close else tag)
            elif tag == PROJECT:
                own = _Coordinates(PROJECT)
            elif tag in {"groupId", "artifactId", "version"}:
                yield from own.take(tag, value.strip(), changed)
            elif LOOKS_LIKE_A_VERSION.fullmatch(value.strip()):
                yield Variable(ECOSYSTEM, tag, value.strip(), changed)


# -- Gradle -----------------------------------------------------------------------------------

COORDINATES = re.compile(r"([\w.-]++):([\w.-]++):([^\s:@\"']++)(?:[:@][\w.-]+)*")
PLUGIN = re.compile(
    r"\s*(?:id|alias|kotlin)\s*\(?\s*[\"']([\w.-]+)[\"']\s*\)?\s*version\s*\(?\s*[\"']([^\"']+)[\"']"
)
MAP = re.compile(
    r"group\s*[:=]\s*[\"']([\w.-]+)[\"']\s*,\s*name\s*[:=]\s*[\"']([\w.-]+)[\"']\s*,"
    r"\s*version\s*[:=]\s*[\"']([^\"']+)[\"']"
)
ASSIGNED = re.compile(
    r"\s*(?:val\s+|def\s+|var\s+|ext\.|set\(\s*[\"']|extra\[\s*[\"'])?([\w.-]++)"
    r"(?:[\"']\s*\]?)?(?:\s*[=:,]\s*)[\"']?([0-9][\w.+-]*+)[\"']?\s*[,)]?\s*$"
)
IN_TEXT = re.compile(r"\$\{?([\w.]+)\}?")


def gradle(lines: Sequence[SideLine]) -> Iterator[Found]:
    for text, changed in lines:
        found = list(_in_line(text, changed))
        yield from found
        if not found and (assigned := ASSIGNED.match(text)):
            yield Variable(ECOSYSTEM, assigned[1], assigned[2], changed)


def _in_line(text: str, changed: bool) -> Iterator[Entry]:
    if named := MAP.search(text):
        yield _gradle_entry(f"{named[1]}:{named[2]}", named[3], changed)
    elif plugin := PLUGIN.match(text):
        name = f"org.jetbrains.kotlin.{plugin[1]}" if text.lstrip()[:6] == "kotlin" else plugin[1]
        yield _gradle_entry(name, plugin[2], changed)
    else:
        for one in toml_lines.strings(text):
            if parts := COORDINATES.fullmatch(one):
                yield _gradle_entry(f"{parts[1]}:{parts[2]}", parts[3], changed)


def _gradle_entry(name: str, version: str, changed: bool) -> Entry:
    variable = referred(IN_TEXT, version)
    return Entry(ECOSYSTEM, name, version, changed, True, variable=variable)


def gradle_properties(lines: Sequence[SideLine]) -> Iterator[Variable]:
    for text, changed in lines:
        key, equals, value = text.partition("=")
        if equals and LOOKS_LIKE_A_VERSION.fullmatch(value.strip()):
            yield Variable(ECOSYSTEM, key.strip(), value.strip(), changed)


LOCKED = re.compile(r"([\w.-]+):([\w.-]+):([^=\s]+)=")


def gradle_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for text, changed in lines:
        if found := LOCKED.match(text):
            yield Entry(ECOSYSTEM, f"{found[1]}:{found[2]}", found[3], changed)


def version_catalog(lines: Sequence[SideLine]) -> Iterator[Found]:
    """Read libs.versions.toml: versions, and the libraries and plugins that refer to them."""
    for item in toml_lines.items(lines):
        value, inner = toml_lines.string(item.value), toml_lines.table(item.value)
        if value is not None:
            yield from _plain(item, value)
        elif name := _module(inner):
            reference, version = inner.get("version.ref", ""), inner.get("version", "")
            version = version or inner.get("strictly", "") or inner.get("require", "")
            if text := version or reference:
                yield Entry(ECOSYSTEM, name, text, item.changed, True, item.key, variable=reference)
        elif item.key and (version := inner.get("strictly") or inner.get("require") or ""):
            yield Variable(ECOSYSTEM, item.key, version, item.changed)


def _plain(item: toml_lines.Item, value: str) -> Iterator[Found]:
    if parts := COORDINATES.fullmatch(value):
        name = f"{parts[1]}:{parts[2]}"
        yield Entry(ECOSYSTEM, name, parts[3], item.changed, True, item.key)
    elif item.section == "plugins" and ":" in value:
        name, _colon, version = value.partition(":")
        yield Entry(ECOSYSTEM, name, version, item.changed, True)
    elif item.key and item.section in {None, "versions"} and ":" not in value:
        yield Variable(ECOSYSTEM, item.key, value, item.changed)


def _module(inner: dict[str, str]) -> str:
    if "module" in inner:
        return inner["module"]
    if "group" in inner and "name" in inner:
        return f"{inner['group']}:{inner['name']}"
    return inner.get("id", "")
