"""Read published OSV advisories, without using the database.

Format: https://ossf.github.io/osv-schema/.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from reviews.imports.package_names import identity, search_key


class PassedOver(Exception):
    """An advisory, or one package of it, that gives no APV; `reason` is worded for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


# -- The parts of an advisory that count here -------------------------------------------------

T = TypeVar("T")
Many = Annotated[list[T], BeforeValidator(lambda value: [] if value is None else value)]
# The length limit is that of int(); a line break would end a line of the diff.
Word = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]


def _moment(value: datetime) -> datetime:
    """Return the moment in UTC, which is assumed if it has no zone. Raise ValueError."""
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("out of range") from None


Moment = Annotated[
    datetime | None,
    BeforeValidator(lambda value: value or None),
    AfterValidator(lambda value: value and _moment(value)),
]


class Package(BaseModel):
    ecosystem: Word
    name: Word


class Event(BaseModel):
    introduced: Word | None = None
    fixed: Word | None = None
    last_affected: Word | None = None
    limit: Word | None = None


class Range(BaseModel):
    type: str
    events: Many[Event] = []


class Rating(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    type: str
    score: str


class Affected(BaseModel):
    package: Package | None = None
    ranges: Many[Range] = []
    versions: Many[Word] = []
    severity: Many[Rating] = []
    ecosystem_specific: Any = None
    database_specific: Any = None


class Advisory(BaseModel):
    id: Annotated[Word, StringConstraints(max_length=200)]
    modified: Moment = None
    aliases: Many[str] = []
    upstream: Many[str] = []
    summary: str | None = None
    details: str | None = None
    withdrawn: Moment = None
    severity: Many[Rating] = []
    affected: Many[Affected] = []
    cwe_ids: Any = None
    ecosystem_specific: Any = None
    database_specific: Any = None


# -- Reading ----------------------------------------------------------------------------------


MOST_VALUES = 500_000
DEEPEST = 50
"""Levels of lists and mappings inside each other."""


class PlainTextLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which only null has a meaning: 1.10 is a version, not the number 1.1."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in resolvers if tag.endswith(":null")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


NULLS = frozenset(["", "~", "null", "Null", "NULL"])
"""What is null without quotes."""
NODES = frozenset(
    [yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent, yaml.AliasEvent]
)
DEEPER: dict[type, int] = {
    **dict.fromkeys([yaml.MappingStartEvent, yaml.SequenceStartEvent], 1),
    **dict.fromkeys([yaml.MappingEndEvent, yaml.SequenceEndEvent], -1),
}
"""How many levels deeper what follows an event is."""


class _NeedsLoader(Exception):
    """YAML with tags, anchors or several documents, which only the loader understands."""


def _load_yaml(text: str) -> Any:
    try:
        return _built(_checked_events(text))
    except _NeedsLoader:
        deque(_checked_events(text), maxlen=0)
        return yaml.load(text, PlainTextLoader)  # noqa: S506 — a SafeLoader # nosec B506


def _checked_events(text: str) -> Iterator[Any]:
    """Yield the events of YAML; refuse what grows when it is loaded, by aliases to whole trees, and
    deep nesting.

    Parsing to events needs no recursion; loading does, and the loader written in C would crash.
    """
    depth = values = 0
    for event in yaml.parse(text, PlainTextLoader):
        kind = type(event)
        depth += DEEPER.get(kind, 0)
        values += kind in NODES
        if kind is yaml.AliasEvent:
            where = f"line {event.start_mark.line + 1}" if event.start_mark else ""
            raise PassedOver("not YAML without aliases", where)
        if depth > DEEPEST:
            raise PassedOver("not YAML", "nested too deeply")
        if values > MOST_VALUES:
            raise PassedOver("not YAML", f"more than {MOST_VALUES:,} values")
        yield event


def _built(events: Iterable[Any]) -> Any:
    """Return the value that events describe, without the nodes that a loader makes of them first.

    Raise _NeedsLoader for what published advisories do not have.
    """
    around: list[list[Any]] = [[]]
    """The documents, and what the collections around the current place have so far."""
    for event in events:
        kind = type(event)
        if kind in NODES and (event.anchor or event.tag):
            raise _NeedsLoader
        if kind is yaml.ScalarEvent:
            is_null = event.value in NULLS and event.implicit[0]
            around[-1].append(None if is_null else event.value)
        elif kind in NODES:
            around.append([])
        elif kind in DEEPER:
            items = around.pop()
            around[-1].append(items if kind is yaml.SequenceEndEvent else _mapping(items))
    if len(around[0]) > 1:
        raise _NeedsLoader
    return next(iter(around[0]), None)


def _mapping(items: list[Any]) -> dict[Any, Any]:
    """Return the mapping of keys and values in turn."""
    try:
        return dict(zip(items[::2], items[1::2], strict=True))
    except TypeError:  # a collection as a key
        raise _NeedsLoader from None


def _load_json(text: str) -> Any:
    if sum(map(text.count, "[{,")) > MOST_VALUES:
        raise PassedOver("not JSON", f"more than {MOST_VALUES:,} values")
    return json.loads(text)


def read(data: bytes, *, is_yaml: bool) -> Advisory:
    """Return the advisory in a file's bytes; raise PassedOver if there is none."""
    return parsed(load(data, is_yaml=is_yaml))


def load(data: bytes, *, is_yaml: bool) -> Any:
    """Return the document in a file's bytes; raise PassedOver if it cannot be read."""
    kind = "YAML" if is_yaml else "JSON"
    try:
        text = data.decode("utf-8-sig")
        return _load_yaml(text) if is_yaml else _load_json(text)
    except UnicodeDecodeError as error:
        raise PassedOver("not UTF-8", f"byte {error.start}") from None
    except RecursionError:
        raise PassedOver(f"not {kind}", "nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise PassedOver(f"not {kind}", " ".join(str(error).split())) from None


def parsed(document: Any) -> Advisory:
    """Return the advisory in a document; raise PassedOver if it is none."""
    if not isinstance(document, dict) or not {"affected", "modified"} & document.keys():
        raise PassedOver("not an OSV advisory")
    try:
        return Advisory.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise PassedOver("not an OSV advisory", f"{where}: {first['msg']}") from None


# -- What an advisory says --------------------------------------------------------------------


def title_of(advisory: Advisory) -> str:
    """Return the summary, else the first sentence of the details."""
    if advisory.summary and advisory.summary.strip():
        return " ".join(advisory.summary.split())
    opening = (advisory.details or "").strip().split("\n\n")[0]
    return re.split(r"(?<=[.!?])\s", " ".join(opening.split()))[0]


def packages_of(advisory: Advisory) -> list[str]:
    """Return the keys that an advisory is found by."""
    packages = [one.package for one in advisory.affected if one.package]
    return sorted({search_key(one.ecosystem, one.name) for one in packages})


def by_package(affected: Iterable[Affected]) -> dict[tuple[str, str], list[Affected]]:
    """Return the entries of each package, by its identity."""
    packages: dict[tuple[str, str], list[Affected]] = {}
    for entry in affected:
        if entry.package is not None:
            key = identity(entry.package.ecosystem, entry.package.name)
            packages.setdefault(key, []).append(entry)
    return packages
