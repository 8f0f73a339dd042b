"""Checks of explanations that share no code with what they check."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

FILE = re.compile(r"^diff --git .*$", re.MULTILINE)
NEW_NAME = re.compile(r"^(?:\+\+\+ b/|--- a/)(.+?)\t?\r?$", re.MULTILINE)
TITLE = re.compile(
    r"\b(?:bump|update|upgrade)\s+(?:dependency |pre-commit hook |module |rust crate )?"
    r"(?P<name>\S+)(?: requirement| action| docker tag)?"
    r"(?: from (?P<old>\S+))? to (?P<new>[v~^<>=]*[0-9]\S*)",
    re.IGNORECASE,
)
HAS_VARIABLES = re.compile(r"pom\.xml$|gradle|\.props$|\.versions\.toml$|Dockerfile")
NO_PACKAGES = frozenset(
    ["deps", "workflows", "dependencies", "upgrades", "all", "group", "python-packages"]
)


class Named(NamedTuple):
    """A package, and the versions from and to, that a title names."""

    name: str
    old: str | None
    new: str


def named_in(title: str) -> Named | None:
    """Return what a title names: one package and a version at least."""
    found = TITLE.search(title)
    if not found or found["name"].lower() in NO_PACKAGES:
        return None
    return Named(found["name"], found["old"], found["new"])


def has_exactly(named: Named, change: Mapping[str, Any]) -> bool:
    """Return whether a change is the one that a title names.

    Names as PyPI compares them, versions without a "v"; `v6` is the beginning of 6.0.2, and the
    clauses of a range may be in another order.
    """
    is_same = _plain(named.name) == _plain(change["package"])
    return (
        is_same
        and _is(named.new, change["to"])
        and (named.old is None or _is(named.old, change["from"]))
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is(said: str, found: str | None) -> bool:
    if found is None:
        return False
    one, other = (sorted(text.lower().replace("v", "").split(",")) for text in (said, found))
    is_major = re.fullmatch(r"v?[0-9.]+", said) and found.startswith(said.lstrip("v") + ".")
    return one == other or bool(is_major)


def strangers(diff: str, changes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the changes that do not stand in the diff.

    A change stands there if its file has a changed line with the version from, removed, and one
    with the version to, added; and its name among the lines of the file. Versions are compared
    clause by clause, and as whole words.
    """
    sides = _sides(diff)
    for change in changes:
        removed, added, every = sides.get(change["file"], ("", "", ""))
        stands = (
            _has(removed, change["from"])
            and _has(added, change["to"])
            and _has_name(every, change["package"], change["file"])
        )
        if not stands:
            yield change


def _sides(diff: str) -> dict[str, tuple[str, str, str]]:
    sides = {}
    for part in FILE.split(diff)[1:]:
        names = NEW_NAME.findall(part)
        lines = part.split("\n")
        removed = "\n".join(one[1:] for one in lines if one[:1] == "-" and one[:4] != "--- ")
        added = "\n".join(one[1:] for one in lines if one[:1] == "+" and one[:4] != "+++ ")
        for name in names:
            sides[name] = removed, added, part
    return sides


def _has(text: str, version: str | None) -> bool:
    if version in {None, "*"}:
        return True
    clauses = [one.strip() for one in re.split(r"[,\s]+", str(version)) if one.strip()]
    return all(re.search(_whole(one), text) for one in clauses)


def _whole(clause: str) -> str:
    before = r"(?<![\w.])v?" if clause[0].isalnum() else ""
    return rf"{before}{re.escape(clause)}(?![\w.]*\w)"


def _has_name(text: str, package: str, file: str) -> bool:
    """Return whether a file names a package; where variables hold versions, a word of it."""
    last = re.split(r"[:/]", package)[-1]
    form = "[-_.]+".join(re.escape(word) for word in re.split(r"[-_.]+", last))
    words = re.findall(r"[a-z]{4,}", package.lower()) if HAS_VARIABLES.search(file) else []
    return bool(re.search(form, text, re.IGNORECASE)) or any(one in text.lower() for one in words)
