"""Find the packages that a diff changes."""

import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from reviews.diffs import Diff, File, Hunk, Line, ProblemKind, parse
from reviews.imports.package_names import canonical, identity
from reviews.intake.entries import (
    LONGEST_LINE,
    Entry,
    Found,
    SideLine,
    Variable,
    is_name,
    is_version,
)
from reviews.intake.formats import format_of
from reviews.intake.model import Change

MOST_CHANGES = 5000
NO_NAME = "{file} names a package with characters that no registry allows; it is not listed."
NO_VERSION = "{file} gives a version with characters that none has; it is not listed."
SAME_DIGEST = "{file} names another version of {name}, but of the same commit; it is not listed."
NO_FILE = "A file has a name that leads elsewhere or hides characters; it is not read."
UNREAD = "The diff has more files or hunks than are read; the rest is not."
TOO_MANY = f"More than {MOST_CHANGES:,} changes; the rest is not listed."


@dataclass(frozen=True, slots=True)
class Move:
    """A change, and what is needed to compare statements with it."""

    change: Change
    is_lock: bool = False
    digests: tuple[str, str] = ("", "")
    variable: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return identity(self.change.ecosystem, self.change.package)


@dataclass(slots=True)
class Moves:
    """All changes of a diff, and what could not be read."""

    moves: list[Move] = field(default_factory=list)
    variables: list[Move] = field(default_factory=list)
    """Versions under a name of which the diff does not show who refers to it."""
    problems: list[str] = field(default_factory=list)


def moves_of(text: str) -> Moves:
    """Return what a diff changes. Never raises."""
    return moves_in(parse(text))


def moves_in(diff: Diff) -> Moves:
    """Return what a diff that was parsed changes. Never raises."""
    result = Moves(problems=_unread(diff))
    read = [one for file in diff.files if (one := _read(file, result.problems))]
    read = _without_sums(read)
    _resolve(read)
    for one in read:
        result.moves += one.moves(result.problems)
        result.variables += one.variables()
    result.moves.sort(key=lambda move: move.is_lock)
    result.moves = without_doubles(result.moves)
    if len(result.moves) > MOST_CHANGES:
        result.moves = result.moves[:MOST_CHANGES]
        result.problems.append(TOO_MANY)
    result.problems = list(dict.fromkeys(result.problems))
    return result


def _unread(diff: Diff) -> list[str]:
    return [UNREAD] if any(one.kind is ProblemKind.UNREAD for one in diff.problems) else []


# -- One file ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _File:
    """The packages that the two sides of a file name."""

    name: str
    is_lock: bool
    old: list[Found] = field(default_factory=list)
    new: list[Found] = field(default_factory=list)
    resolved: set[tuple[str, str]] = field(default_factory=set)
    """The variables that an entry refers to."""

    def moves(self, problems: list[str]) -> Iterator[Move]:
        olds, news = _by_package(self.old), _by_package(self.new)
        for package in self._changed_packages():
            seen = set()
            for old, new in _paired(olds.get(package, []), news.get(package, [])):
                move = self._move(old, new)
                if move and _is_same_build(old, new):
                    problems.append(SAME_DIGEST.format(file=self.name, name=move.change.package))
                elif move and move.change not in seen:
                    seen.add(move.change)
                    yield move

    def _changed_packages(self) -> list[tuple[str, str]]:
        found = (one for side in (self.old, self.new) for one in side)
        return list(dict.fromkeys(_package(one) for one in found if _is_changed_entry(one)))

    def _move(self, old: Entry | None, new: Entry | None) -> Move | None:
        said = new or old
        assert said is not None
        before, after = old.version if old else None, new.version if new else None
        if old and new and before == after:  # the same tag of another build
            before, after = old.digest or before, new.digest or after
        if before == after:
            return None
        direct = said.direct if said.direct is not None or not old else old.direct
        name = canonical(said.ecosystem, said.name)
        change = Change(name, said.ecosystem, before, after, direct, self.name)
        digests = (old.digest if old else "", new.digest if new else "")
        return Move(change, self.is_lock, digests)

    def variables(self) -> Iterator[Move]:
        """Yield the variables with another value, whose packages the diff does not show."""
        for (ecosystem, name), (before, after) in self.values().items():
            if before != after and (ecosystem, name) not in self.resolved:
                change = Change(name, ecosystem, before, after, True, self.name)
                yield Move(change, variable=name)

    def values(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Return the variables that both sides of the diff change, with their values."""
        old, new = (
            {(one.ecosystem, one.name): one.version for one in side if _is_changed_variable(one)}
            for side in (self.old, self.new)
        )
        return {key: (old[key], new[key]) for key in old if key in new}


def _is_same_build(old: Entry | None, new: Entry | None) -> bool:
    """Return whether two entries pin the same commit or image, whatever version they name."""
    return bool(old and new and old.digest and old.digest == new.digest)


def _is_changed_variable(found: Found) -> bool:
    return isinstance(found, Variable) and found.changed


def _read(file: File, problems: list[str]) -> _File | None:
    names = [one for one in (file.old_name, file.new_name) if one]
    formats = [found for one in names if (found := format_of(one))]
    if not formats or file.binary:
        return None
    if not all(map(_is_plain, names)):
        problems.append(NO_FILE)
        return None
    result = _File(file.name, formats[-1].is_lock)
    for hunk in file.hunks:
        lines = hunk.lines  # of both sides
        for kind, side in (("del", result.old), ("add", result.new)):
            named = formats[-1].reader(_side(hunk, lines, kind))
            side += _usable(named, file.name, problems)
    return result


def _is_plain(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    hides = not (name.isascii() and name.isprintable()) and any(
        unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in name
    )
    return not (hides or ".." in parts or name.startswith("/"))


def _side(hunk: Hunk, lines: Iterable[Line], kind: str) -> Sequence[SideLine]:
    """Return the lines before or after, starting with the line that the header shows."""
    held = [
        SideLine(line.text, line.kind == kind)
        for line in lines
        if line.kind in {kind, "same"} and len(line.text) <= LONGEST_LINE
    ]
    heading = (hunk.header or "").split("@@")[-1].strip()
    return [SideLine(heading, False), *held] if heading else held


def _usable(found: Iterable[Found], file: str, problems: list[str]) -> Iterator[Found]:
    for one in found:
        if isinstance(one, Entry) and not one.changed:
            if is_name(one.name) and is_version(one.version):
                yield one
        elif not is_name(one.name):
            problems.append(NO_NAME.format(file=file))
        elif not is_version(one.version):
            problems.append(NO_VERSION.format(file=file))
        else:
            yield one


# -- Before and after -------------------------------------------------------------------------


def _by_package(found: Iterable[Found]) -> dict[tuple[str, str], list[Entry]]:
    packages: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for one in found:
        if isinstance(one, Entry) and not one.variable:
            packages[_package(one)].append(one)
    return packages


def _package(found: Found) -> tuple[str, str]:
    return identity(found.ecosystem, found.name)


def _is_changed_entry(found: Found) -> bool:
    return isinstance(found, Entry) and found.changed and not found.variable


def _paired(olds: list[Entry], news: list[Entry]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Yield pairs of entries before and after: equal ones first, then by key, then by order."""
    for same in (_whole, _key):
        left: dict[tuple[str, ...], deque[Entry]] = defaultdict(deque)
        for new in news:
            left[same(new)].append(new)
        rest = []
        for old in olds:
            if matching := left[same(old)]:
                yield old, matching.popleft()
            else:
                rest.append(old)
        olds = rest
        kept = {id(one) for some in left.values() for one in some}
        news = [one for one in news if id(one) in kept]
    yield from zip_longest(olds, news)


def _whole(entry: Entry) -> tuple[str, ...]:
    return entry.version, entry.digest


def _key(entry: Entry) -> tuple[str, ...]:
    return (entry.key,)


def _resolve(files: list[_File]) -> None:
    """Give entries that refer to a variable its value, if the diff changes it."""
    values: dict[tuple[str, str], tuple[_File, tuple[str, str]]] = {}
    for file in files:
        for key, both in file.values().items():
            values.setdefault(key, (file, both))
    for file in files:
        for index in (0, 1):
            side = (file.old, file.new)[index]
            side[:] = [_with_value(one, values, index) for one in side]


def _with_value(
    found: Found, values: dict[tuple[str, str], tuple[_File, tuple[str, str]]], index: int
) -> Found:
    if isinstance(found, Variable) or not found.variable:
        return found
    key = (found.ecosystem, found.variable)
    if key not in values:
        return found
    holder, both = values[key]
    holder.resolved.add(key)
    return replace(found, version=both[index], variable="", changed=True)


def without_doubles(moves: list[Move]) -> list[Move]:
    """Leave out what a lock repeats of its manifest, and fill in who asks for what."""
    direct = {one.identity for one in moves if one.change.direct}
    said = {_place(one) for one in moves if not one.is_lock}
    kept: dict[Change, Move] = {}  # by what they say but for `direct`
    for one in moves:
        if one.is_lock and _place(one) in said:
            continue
        if one.change.direct is None and one.identity in direct:
            one = replace(one, change=one.change._replace(direct=True))
        kept.setdefault(one.change._replace(direct=None), one)
    return list(kept.values())


def _without_sums(files: list[_File]) -> list[_File]:
    """Leave out go.sum if go.mod changes too: it also names versions that no build uses."""
    modules = {_folder(one.name) for one in files if one.name.rpartition("/")[2] == "go.mod"}
    return [
        one
        for one in files
        if one.name.rpartition("/")[2] != "go.sum" or _folder(one.name) not in modules
    ]


def _place(move: Move) -> tuple[object, ...]:
    change = move.change
    return _folder(change.file), move.identity, change.old, change.new


def _folder(file: str) -> str:
    return file.rpartition("/")[0]
