"""Checks of explanations that share no code with the intake."""

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
WHOLE = r"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])"
HAS_VARIABLES = re.compile(r"pom\.xml$|gradle|\.props$|\.versions\.toml$|Dockerfile")
NO_PACKAGES = frozenset(
    ["deps", "workflows", "dependencies", "upgrades", "all", "group", "python-packages"]
)


class Named(NamedTuple):
    """A package, and the versions from and to, in a title."""

    name: str
    old: str | None
    new: str


def named_in(title: str) -> Named | None:
    """Return what a title names: one package and at least one version."""
    found = TITLE.search(title)
    if not found or found["name"].lower() in NO_PACKAGES:
        return None
    return Named(found["name"], found["old"], found["new"])


def has_exactly(named: Named, change: Mapping[str, Any]) -> bool:
    """Return whether a change is the one in a title.

    Names compare as on PyPI, and versions without a "v"; `v6` is a prefix of 6.0.2, and the clauses
    of a range may be in another order.
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
    """Yield the changes that are not in the diff.

    A change is in the diff if its file has the version from on a line before and the version to on
    a line after, one of them on a changed line, and its name on any line. Versions are compared
    clause by clause, and as whole words.
    """
    files = _files(diff)
    for change in changes:
        file = files.get(change["file"], _File("", ""))
        old, new = change["from"], change["to"]
        stands = (
            old != new
            and _has(file.before, old)
            and _has(file.after, new)
            and bool((old and _has(file.lines("-"), old)) or (new and _has(file.lines("+"), new)))
            and _has_name(file.name + "\n" + file.lines(" -+@"), change["package"], change["file"])
        )
        if not stands:
            yield change


class _File(NamedTuple):
    """A file of a diff, as text."""

    name: str
    text: str

    @property
    def before(self) -> str:
        return self.lines("- ")

    @property
    def after(self) -> str:
        return self.lines("+ ")

    def lines(self, signs: str) -> str:
        lines = self.text.split("\n")
        kept = [one[1:] for one in lines if one[:1] and one[:1] in signs]
        return "\n".join(one for one in kept if not one.startswith(("-- ", "++ ")))


def _files(diff: str) -> dict[str, _File]:
    parts = FILE.split(diff)[1:]
    return {name: _File(name, part) for part in parts for name in NEW_NAME.findall(part)}


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
    form = WHOLE % "[-_.]+".join(re.escape(word) for word in re.split(r"[-_.]+", last))
    words = re.findall(r"[a-z]{4,}", package.lower()) if HAS_VARIABLES.search(file) else []
    return bool(re.search(form, text, re.IGNORECASE)) or any(one in text.lower() for one in words)
