"""Turn published OSV advisories into version-bump APVs, without using the database.

Format and evaluation rules: https://ossf.github.io/osv-schema/.
"""

import json
import re
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

from reviews.choices import PatchStrategy
from reviews.demo.manifests import bump_diff, manifest_path
from reviews.imports.affected import Bump, NoFix, find_bump
from reviews.imports.package_names import canonical, identity, search_key
from reviews.imports.ratings import Rated, Statement, rate_statements, statements
from reviews.models import APV, CVE_PATTERN, CWE_PATTERN
from reviews.models import ILLUSTRATIVE as ILLUSTRATIVE

Fields = dict[str, Any]
"""An APV as REST takes it: field name → value."""


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


def _load_yaml(text: str) -> Any:
    _check_yaml(text)
    return yaml.load(text, PlainTextLoader)  # noqa: S506 — a SafeLoader # nosec B506


def _check_yaml(text: str) -> None:
    """Refuse YAML that grows when it is loaded, by aliases to whole trees, and deep nesting.

    Parsing to events needs no recursion; loading does, and the loader written in C would crash.
    """
    depth = values = 0
    for event in yaml.parse(text, PlainTextLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        values += isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.AliasEvent):
            where = f"line {event.start_mark.line + 1}" if event.start_mark else ""
            raise PassedOver("not YAML without aliases", where)
        if depth > DEEPEST:
            raise PassedOver("not YAML", "nested too deeply")
        if values > MOST_VALUES:
            raise PassedOver("not YAML", f"more than {MOST_VALUES:,} values")


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


# -- From an advisory to APVs -----------------------------------------------------------------


def apvs_of(advisory: Advisory, *, default_severity: str) -> Iterator[Fields | PassedOver]:
    """Return an APV for each affected package with a fixed version, and reasons for the others.

    Entries of `affected` that name the same package count as one. An advisory without a severity
    gets `default_severity`, and a validation warning that says so.
    """
    packages = by_package(advisory.affected)
    if advisory.withdrawn:
        yield PassedOver("withdrawn")
    elif not packages:
        yield PassedOver("no affected package")
    else:
        for entries in packages.values():
            package = entries[0].package
            assert package is not None
            try:
                yield _apv(advisory, package, entries, default_severity)
            except (NoFix, PassedOver) as why:
                yield PassedOver(why.reason, f"{package.ecosystem} {package.name}")


def osv_id(patch_description: str) -> str:
    """Return the id of an imported APV's advisory, with which its description starts."""
    return patch_description.partition(": ")[0]


def packages_of(advisory: Advisory) -> list[str]:
    """Return the keys that an advisory is found by."""
    packages = [one.package for one in advisory.affected if one.package]
    return sorted({search_key(one.ecosystem, one.name) for one in packages})


def rating_of(advisory: Advisory, entries: list[Affected]) -> Rated | None:
    """Return how severe an advisory is for a package; None where nobody says."""
    return rate_statements(*_statements(advisory, entries))


def by_package(affected: Iterable[Affected]) -> dict[tuple[str, str], list[Affected]]:
    """Return the entries of each package, by its identity."""
    packages: dict[tuple[str, str], list[Affected]] = {}
    for entry in affected:
        if entry.package is not None:
            key = identity(entry.package.ecosystem, entry.package.name)
            packages.setdefault(key, []).append(entry)
    return packages


def _apv(
    advisory: Advisory, package: Package, entries: list[Affected], default_severity: str
) -> Fields:
    ecosystem, name = package.ecosystem, canonical(package.ecosystem, package.name)
    bump = find_bump(ecosystem, entries)
    said = _statements(advisory, entries)
    rated = rate_statements(*said)
    return {
        **_severity(rated, default_severity),
        "cve_id": _cve(advisory),
        "cve_title": shortened(title_of(advisory), "cve_title"),
        "cve_description": shortened(advisory.details or "", "cve_description"),
        "cwe_ids": _cwes(advisory, entries),
        "package_name": name,
        "package_ecosystem": ecosystem,
        "package_version": shortened(bump.old, "package_version"),
        "fixed_version": bump.new,
        "affected_files": [manifest_path(ecosystem)],
        "patch_strategy": PatchStrategy.VERSION_BUMP,
        "patch_description": f"{advisory.id}: {_move(name, bump)}",
        "patch_diff": bump_diff(ecosystem, name, bump.old, bump.new),
        "validation_warnings": [
            ILLUSTRATIVE,
            *bump.warnings,
            *([] if rated else [_unrated(advisory, [*said[0], *said[1]], default_severity)]),
        ],
    }


def _unrated(advisory: Advisory, said: list[Statement], default: str) -> str:
    """Return a warning that says why the default severity is used."""
    unusable = list(dict.fromkeys(one.text[:100] for one in said if one.text))[:MOST_UNUSABLE]
    if not unusable:
        return f"{advisory.id} names no severity: {default} by default."
    named = ", ".join(f'"{text}"' for text in unusable)
    return f"{advisory.id} names no severity that can be used, only {named}: {default} by default."


MOST_UNUSABLE = 3
"""Statements that are quoted."""


def _move(name: str, bump: Bump) -> str:
    if bump.is_listed:
        return f"moves {name} from {bump.old} to {bump.new}."
    return f"moves {name} to {bump.new}, from any version before it."


def _severity(rated: Rated | None, default: str) -> Fields:
    if rated is None:
        return {
            "severity": default,
            "severity_source": "default of the import",
            "cvss_score": None,
            "cvss_vector": "",
        }
    return {
        "severity": rated.severity,
        "severity_source": shortened(rated.source, "severity_source"),
        "cvss_score": rated.score,
        "cvss_vector": rated.vector,
    }


def _statements(
    advisory: Advisory, entries: Iterable[Affected]
) -> tuple[list[Statement], list[Statement]]:
    """Return the statements of severity for the package and for the whole advisory."""
    package = [
        one
        for entry in entries
        for one in (
            *statements(entry.severity, entry.ecosystem_specific, "the package"),
            *statements([], entry.database_specific, "the package"),
        )
    ]
    whole = [
        *statements(advisory.severity, advisory.ecosystem_specific, advisory.id),
        *statements([], advisory.database_specific, advisory.id),
    ]
    return package, whole


def _cve(advisory: Advisory) -> str | None:
    names = [advisory.id, *advisory.aliases, *advisory.upstream]
    return next((name for name in names if re.fullmatch(CVE_PATTERN, name)), None)


def title_of(advisory: Advisory) -> str:
    """The summary, else the first sentence of the details."""
    if advisory.summary and advisory.summary.strip():
        return " ".join(advisory.summary.split())
    opening = (advisory.details or "").strip().split("\n\n")[0]
    return re.split(r"(?<=[.!?])\s", " ".join(opening.split()))[0]


def shortened(text: str, field: str) -> str:
    """Return `text`, cut with an ellipsis to the length of the APV's `field`."""
    most: int = APV._meta.get_field(field).max_length  # type: ignore[union-attr, assignment]
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _cwes(advisory: Advisory, entries: Iterable[Affected]) -> list[str]:
    """Return the CWE ids of advisory or packages: `cwe_ids` (GitHub) or `cwes` (OpenSSF)."""
    places = [advisory.database_specific, *(entry.database_specific for entry in entries)]
    listed = [_list(advisory.cwe_ids)]
    for place in places:
        if isinstance(place, dict):
            listed += [_list(place.get("cwe_ids")), _list(place.get("cwes"))]
    named = [one.get("cweId") if isinstance(one, dict) else one for some in listed for one in some]
    known = [one for one in named if isinstance(one, str) and re.fullmatch(CWE_PATTERN, one)]
    return list(dict.fromkeys(known))[:50]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
