"""Read what machines state in the title and text of a pull request. None of it is proof."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from reviews.intake.model import PullRequest

Source = Literal["trailer", "table", "title", "diff"]
MOST_STATEMENTS = 2000


class Statement(NamedTuple):
    """A statement that a package moves; `old`, `new` and `direct` are None if it does not say."""

    name: str
    old: str | None
    new: str | None
    source: Source
    direct: bool | None = None


def statements_of(pull_request: PullRequest) -> list[Statement]:
    """Return the statements of a pull request, the most exact first; packages may recur."""
    message = pull_request.message.replace("\r\n", "\n")
    said = [
        *trailers(message),
        *tables(message),
        *titles(pull_request.subject),
        *sentences(message),
    ]
    return said[:MOST_STATEMENTS]


# -- Dependabot's trailer ---------------------------------------------------------------------

TRAILER = "updated-dependencies:"
FIELD = re.compile(r"\s*(-)?\s*([a-z-]+):\s*(.*?)\s*")


def trailers(message: str) -> Iterator[Statement]:
    """Yield what the trailers list.

    They are YAML of a fixed form, one line for each field. So this reads lines, and YAML's anchors,
    tags and nesting have no meaning.
    """
    is_inside = False
    fields: dict[str, str] = {}
    for line in message.split("\n"):
        found = FIELD.fullmatch(line) if len(line) < 1000 else None
        if line.strip() == TRAILER:
            is_inside = True
        elif is_inside and found:
            if found[1]:
                yield from _listed(fields)
                fields = {}
            fields[found[2]] = found[3].strip("\"'")
        elif line.strip():
            yield from _listed(fields)
            is_inside, fields = False, {}
    yield from _listed(fields)


def _listed(fields: dict[str, str]) -> Iterator[Statement]:
    if name := fields.get("dependency-name"):
        kind = fields.get("dependency-type", "").partition(":")[0]
        direct = {"direct": True, "indirect": False}.get(kind)
        yield Statement(name, None, fields.get("dependency-version"), "trailer", direct)


# -- Renovate's and Snyk's tables -------------------------------------------------------------

SEPARATOR = re.compile(r"\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?")
LINK = re.compile(r"\[([^\[\]]{1,400})\]")
MOVES = re.compile(r"[`\[\s]*([^`→]{1,200}?)[`\s]*(?:->|→)[`\s]*([^`→\]]{1,200})")
NAMES_OF_PACKAGES = ("package", "dependency", "name")


def tables(message: str) -> Iterator[Statement]:
    """Yield what tables with a column for the package and one for the change list.

    Forges break long lines of commit messages, so a row may span several lines.
    """
    lines = message.split("\n")
    end = 0
    for at, line in enumerate(lines):
        if at >= end and line.startswith("|") and SEPARATOR.fullmatch(line.strip()):
            end = _end(lines, at + 1)
            yield from _rows(_cells(_head(lines, at)), " ".join(lines[at + 1 : end]))


MOST_LINES_OF_HEAD = 20


def _head(lines: list[str], at: int) -> str:
    start = at
    while start > max(0, at - MOST_LINES_OF_HEAD) and lines[start - 1].strip():
        start -= 1
    return " ".join(lines[start:at])


def _end(lines: list[str], start: int) -> int:
    end = start
    while end < len(lines) and lines[end].strip():
        end += 1
    return end


def _cells(text: str) -> list[str]:
    text = text.replace("\\|", "\0")
    return [one.strip().replace("\0", "|") for one in text.split("|")][1:]


def _rows(heads: list[str], body: str) -> Iterator[Statement]:
    names = [LINK.sub(r"\1", one).strip("* ").lower() for one in heads]
    columns = {one: at for at, one in reversed(list(enumerate(names))) if one}
    package = next((columns[one] for one in NAMES_OF_PACKAGES if one in columns), None)
    change = next((columns[one] for one in ("change", "update") if one in columns), None)
    if package is None or change is None:
        return
    cells, width = _cells(body), len(names)  # the last cell of a row is the text after its "|"
    for start in range(0, len(cells) - max(package, change), width):
        row = cells[start : start + width]
        kind = row[columns["type"]] if "type" in columns and columns["type"] < len(row) else ""
        yield from _row(row[package], row[change], kind)


def _row(package: str, change: str, kind: str) -> Iterator[Statement]:
    link = LINK.search(package)
    name = (link[1] if link else package.partition(" ")[0]).strip("` *")
    if (moves := MOVES.search(change)) and name:
        direct = kind.lower() != "indirect" if kind else None
        old, new = moves[1].strip(), moves[2].strip()
        yield Statement(name, old, new, "table", direct)


# -- Titles and sentences ---------------------------------------------------------------------

WORD = r"[`'\"]?([^\s`'\"()\[\],]{1,300})[`'\"]?"
NUMBER = r"`?((?:[v=~^<>!]*\s?[0-9]|[0-9a-f]{7,40}\b)[^\s`()\[\]]*)`?"
KINDS = (
    r"(?:(?:dependency|module|rust crate|plugin|pre-commit hook|docker image|gem|package|crate|"
    r"github action|helm release|terraform)\s+)?"
)
FROM_TO = re.compile(
    rf"\b(?:bump|update|upgrade)s?\s+{KINDS}{WORD}(?:\s+(?:requirement|action|package|gem))?\s+"
    r"from\s+(.{1,150}?)\s+to\s+(.{1,150}?)(?=\s+in\s|\s+[(\[]|\s*$)",
    re.IGNORECASE,
)
ARROW = re.compile(
    rf"\b(?:update|upgrade)\s+{KINDS}{WORD}\s+{NUMBER}\s*(?:→|->)\s*{NUMBER}", re.IGNORECASE
)
TO = re.compile(
    rf"\b(?:update|upgrade|bump|pin|set)\s+{KINDS}{WORD}"
    r"(?:\s+(?:action|orb|docker tag|docker digest|digest|tag|package))?"
    rf"\s+to\s+(?:latest\s+version\s+|version\s+)?{NUMBER}",
    re.IGNORECASE,
)
SENTENCE = re.compile(
    r"\b(?:Bumps|Updates|Upgrades)\s+"
    r"(?:\[([^\[\]\n]{1,300})\]\([^()\s]{1,1000}\)|`([^`\n]{1,300})`)\s+"
    r"(?:requirement\s+)?from\s+(\S{1,200})\s+to\s+(\S{1,200})"
)
LONGEST_TITLE = 1000


def titles(title: str) -> Iterator[Statement]:
    """Yield what the title names: a package, and the versions from and to."""
    title = " ".join(title[:LONGEST_TITLE].split())
    if found := FROM_TO.search(title) or ARROW.search(title):
        yield Statement(_bare(found[1]), _bare(found[2]), _bare(found[3]), "title")
    elif found := TO.search(title):
        yield Statement(_bare(found[1]), None, _bare(found[2]), "title")


def _bare(text: str) -> str:
    return text.strip("`'\" ").rstrip(".,;:")


def sentences(message: str) -> Iterator[Statement]:
    """Yield what sentences such as "Bumps [x](…) from 1.0 to 1.1." name."""
    for found in SENTENCE.finditer(message):
        yield Statement(_bare(found[1] or found[2]), _bare(found[3]), _bare(found[4]), "title")
