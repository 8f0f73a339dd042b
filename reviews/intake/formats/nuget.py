"""NuGet: project files, packages.config and locks."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, Found, SideLine, Variable, referred
from reviews.intake.formats.json_objects import objects

ECOSYSTEM = "NuGet"
TAG = re.compile(r"<([A-Za-z]+)\b([^<>]*+)>?")
ATTRIBUTE = re.compile(r"\b([A-Za-z]+)\s{0,5}=\s{0,5}\"([^\"]*)\"")
REFERENCES = frozenset(
    [
        "PackageReference",
        "PackageVersion",
        "GlobalPackageReference",
        "DotNetCliToolReference",
        "package",
        "PackageDownload",
        "Sdk",
    ]
)
CHILD = re.compile(r"\s*<Version>([^<]+)</Version>")
PROPERTY = re.compile(r"\s*<([A-Za-z_][\w.]*)>\s*([0-9][\w.+-]*)\s*</\1>", re.ASCII)
VARIABLE = re.compile(r"\$\(([\w.]+)\)")


def project(lines: Sequence[SideLine]) -> Iterator[Found]:
    """Read references to packages, with the version as attribute or child, and properties."""
    open_name, open_changed = "", False
    for text, changed in lines:
        for tag, rest in TAG.findall(text):
            if tag not in REFERENCES:
                continue
            values = {key.lower(): value for key, value in ATTRIBUTE.findall(rest)}
            name = next(
                (values[one] for one in ("include", "update", "id", "name") if one in values), ""
            )
            version = values.get("version") or values.get("versionoverride") or ""
            if name and version:
                yield _entry(name, version, changed)
            open_name, open_changed = ("" if version else name), changed
        if open_name and (child := CHILD.match(text)):
            yield _entry(open_name, child[1].strip(), changed or open_changed)
            open_name = ""
        elif (held := PROPERTY.match(text)) and held[1] != "Version":
            yield Variable(ECOSYSTEM, held[1], held[2], changed)


def _entry(name: str, version: str, changed: bool) -> Entry:
    variable = referred(VARIABLE, version)
    return Entry(ECOSYSTEM, name, version, changed, True, variable=variable)


def packages_lock(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in objects(lines):
        resolved, kind = one.get("resolved"), one.get("type")
        if one.key and resolved:
            changed = resolved.changed or one.changed
            direct = {"Direct": True, "Transitive": False}.get(kind.value if kind else "")
            yield Entry(ECOSYSTEM, one.key, resolved.value, changed, direct)


def dotnet_tools(lines: Sequence[SideLine]) -> Iterator[Entry]:
    for one in objects(lines):
        if one.key and (version := one.get("version")):
            yield Entry(ECOSYSTEM, one.key, version.value, version.changed or one.changed, True)
