"""Leave of a diff what may say something of one package, so that a long one is read quickly.

Reading a lock file costs fifty times what finding its lines does.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from reviews.diffs import Diff, File, Hunk, Notes, Text
from reviews.intake.formats import Format, format_of

BEFORE, AFTER = 1000, 100
"""How many lines around one that matters are kept: they hold its section and its other fields."""
MOST_LINES = 5_000
"""Of one diff; the rest is left out."""
CHANGED = ("+", "-")
WORDS = re.compile(r"[a-z0-9]+")


def near_package(diff: Diff, package: str) -> Diff:
    """Return the manifests and lock files of a diff, with the lines that may be about a package.

    These are the lines near its name, and near any change if a file may hold its version without
    its name.
    """
    word = (WORDS.findall(package.lower()) or [""])[-1]  # the rest may be spelled in other ways
    kept: list[File | Text] = []
    left = MOST_LINES
    for form, file in sorted(_read_by_intake(diff), key=lambda one: one[0].is_lock):
        hunks = list(_hunks(file, form, word, left))
        left -= sum(len(one.body) for one in hunks)
        kept.append(replace(file, parts=list[Hunk | Notes](hunks)))
    return Diff(kept)


def _read_by_intake(diff: Diff) -> Iterator[tuple[Format, File]]:
    """Yield the files of a diff that name packages, each with how it is read."""
    for file in diff.files:
        if form := format_of(file.name):
            yield form, file


def _hunks(file: File, form: Format, word: str, left: int) -> Iterator[Hunk]:
    """Yield the hunks with at most `left` lines near those that matter."""

    def matters(line: str) -> bool:
        return word in line.lower() or (form.names_elsewhere and line.startswith(CHANGED))

    for hunk in file.hunks:
        text = "\n".join(hunk.raw)
        if not (form.names_elsewhere or word in text.lower()):
            continue
        if body := _near(hunk.body, matters)[:left]:
            left -= len(body)
            yield replace(hunk, body=body)


def _near(lines: list[str], matters: Callable[[str], bool]) -> list[str]:
    """Return the lines that matter and those around them, in order."""
    if len(lines) <= BEFORE:
        return lines
    kept: list[str] = []
    end = 0
    for at, line in enumerate(lines):
        if matters(line):
            kept += lines[max(end, at - BEFORE) : at + AFTER]
            end = at + AFTER
    return kept
