"""OSV advisories as published, turned into version-bump APVs. Nothing here touches the database.

Format and evaluation rules: https://ossf.github.io/osv-schema/.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, NamedTuple, TypeVar

import yaml
from cvss import CVSS3, CVSS4
from cvss.exceptions import CVSSError
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, BeforeValidator, StringConstraints, ValidationError

from reviews.choices import PatchStrategy, Severity
from reviews.demo.manifests import bump_diff, manifest_path
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
# The length keeps int() within its limit; a line break would end a line of the diff.
Word = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]


class Package(BaseModel):
    ecosystem: Word
    name: Word


class Event(BaseModel):
    introduced: Word | None = None
    fixed: Word | None = None
    last_affected: Word | None = None


class Range(BaseModel):
    type: str
    events: Many[Event] = []


class Rating(BaseModel):
    type: str
    score: str


class Affected(BaseModel):
    package: Package | None = None
    ranges: Many[Range] = []
    versions: Many[Word] = []
    severity: Many[Rating] = []
    database_specific: Any = None


class Advisory(BaseModel):
    id: Word
    aliases: Many[str] = []
    upstream: Many[str] = []
    summary: str | None = None
    details: str | None = None
    withdrawn: str | None = None
    severity: Many[Rating] = []
    affected: Many[Affected] = []
    cwe_ids: Any = None
    database_specific: Any = None


# -- Reading ----------------------------------------------------------------------------------


class PlainTextLoader(yaml.SafeLoader):
    """YAML in which only null has a meaning: 1.10 is a version, not the number 1.1.

    The loader written in C would be faster, but deep nesting crashes it.
    """

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _load_yaml(text: str) -> Any:
    return yaml.load(text, PlainTextLoader)  # noqa: S506 — a SafeLoader # nosec B506


def read(data: bytes, *, is_yaml: bool) -> Advisory:
    """The advisory in a file's bytes; raises PassedOver when there is none."""
    kind = "YAML" if is_yaml else "JSON"
    try:
        text = data.decode("utf-8-sig")
        document = _load_yaml(text) if is_yaml else json.loads(text)
    except UnicodeDecodeError as error:
        raise PassedOver("not UTF-8", f"byte {error.start}") from None
    except RecursionError:
        raise PassedOver(f"not {kind}", "nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise PassedOver(f"not {kind}", " ".join(str(error).split())) from None
    return _advisory(document)


def _advisory(document: Any) -> Advisory:
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
    """One APV for each affected package that has a fixed version, the reason for each other.

    Entries of `affected` that name the same package count as one. An advisory without a usable
    CVSS vector gets `default_severity`, and a validation warning that says so.
    """
    packages = _by_package(advisory.affected)
    if advisory.withdrawn:
        yield PassedOver("withdrawn")
    elif not packages:
        yield PassedOver("no affected package")
    else:
        for (ecosystem, name), entries in packages.items():
            try:
                yield _apv(advisory, ecosystem, name, entries, default_severity)
            except PassedOver as why:
                yield PassedOver(why.reason, f"{ecosystem} {name}")


def osv_id(patch_description: str) -> str:
    """The id of the advisory that an imported APV was made from: its description opens with it."""
    return patch_description.partition(":")[0]


def _by_package(affected: Iterable[Affected]) -> dict[tuple[str, str], list[Affected]]:
    packages: dict[tuple[str, str], list[Affected]] = {}
    for entry in affected:
        if entry.package is not None:
            key = entry.package.ecosystem, entry.package.name
            packages.setdefault(key, []).append(entry)
    return packages


def _apv(
    advisory: Advisory, ecosystem: str, name: str, entries: list[Affected], default_severity: str
) -> Fields:
    bump = find_bump(ecosystem, entries)
    rated = rate(_ratings(advisory, entries))
    warnings = list(bump.warnings)
    if rated is None:
        warnings.append(f"{advisory.id} has no usable CVSS vector: {default_severity} by default.")
    return {
        "severity": rated.severity if rated else default_severity,
        "cve_id": _cve(advisory),
        "cve_title": shortened(_title(advisory), "cve_title"),
        "cve_description": shortened(advisory.details or "", "cve_description"),
        "cvss_score": rated.score if rated else None,
        "cvss_vector": rated.vector if rated else "",
        "cwe_ids": _cwes(advisory, entries),
        "package_name": name,
        "package_ecosystem": ecosystem,
        "package_version": bump.old,
        "fixed_version": bump.new,
        "affected_files": [manifest_path(ecosystem)],
        "patch_strategy": PatchStrategy.VERSION_BUMP,
        "patch_description": f"{advisory.id}: moves {name} from {bump.old} to {bump.new}.",
        "patch_diff": bump_diff(ecosystem, name, bump.old, bump.new),
        "validation_warnings": [ILLUSTRATIVE, *warnings],
    }


class Rated(NamedTuple):
    """What a CVSS vector comes to."""

    score: float
    severity: Severity
    vector: str


def rate(vectors: Iterable[str]) -> Rated | None:
    """The rating by the newest CVSS vector (4.0, 3.1, 3.0) among `vectors`, by its base score.

    CVSS's "None", a score of 0, is rated LOW: an APV has no such severity. None when no vector
    can be used.
    """
    for vector in sorted(vectors, reverse=True):
        try:
            parsed = CVSS4(vector) if vector.startswith("CVSS:4") else CVSS3(vector)
        except CVSSError:
            continue
        word = parsed.severities()[0].upper()
        severity = Severity(word if word in Severity else Severity.LOW)
        return Rated(float(parsed.scores()[0]), severity, vector)
    return None


def _ratings(advisory: Advisory, entries: Iterable[Affected]) -> list[str]:
    """The vectors given for the package, else those given for the whole advisory."""
    own = [rating.score for entry in entries for rating in entry.severity]
    return own if rate(own) else [rating.score for rating in advisory.severity]


def _cve(advisory: Advisory) -> str | None:
    names = [advisory.id, *advisory.aliases, *advisory.upstream]
    return next((name for name in names if re.fullmatch(CVE_PATTERN, name)), None)


def _title(advisory: Advisory) -> str:
    """The summary, else the first sentence of the details."""
    if advisory.summary and advisory.summary.strip():
        return " ".join(advisory.summary.split())
    opening = (advisory.details or "").strip().split("\n\n")[0]
    return re.split(r"(?<=[.!?])\s", " ".join(opening.split()))[0]


def shortened(text: str, field: str) -> str:
    """`text`, cut with an ellipsis to what the APV's `field` holds."""
    most: int = APV._meta.get_field(field).max_length  # type: ignore[union-attr, assignment]
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _cwes(advisory: Advisory, entries: Iterable[Affected]) -> list[str]:
    """CWE ids, as `cwe_ids` (GitHub) or `cwes` (OpenSSF) of the advisory or its packages."""
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


# -- Which version to which -------------------------------------------------------------------


_RELEASE = re.compile(r"((?:[0-9]+\.)*[0-9]+|)(.*)", re.DOTALL)
"""The leading numbers of a version, perhaps none, and what follows them."""


class Bump(NamedTuple):
    """The move from an affected version to a fixed one, and what is uncertain about it."""

    old: str
    new: str
    warnings: list[str]


class Line(NamedTuple):
    """A run of affected versions; without `fixed` and `last_affected` its end is unknown."""

    introduced: str
    fixed: str | None = None
    last_affected: str | None = None


def find_bump(ecosystem: str, entries: Iterable[Affected]) -> Bump:
    """The bump that fixes one package, whose `affected` entries are `entries`.

    An advisory often names several lines of releases, each with its own fix, such as 1.x fixed in
    1.4.2 and 2.x in 2.1.0. The bump is the one of the highest line that has a fix, and that fix
    must not be affected itself, as the end of one range inside another is. From there:

    - new: the version that ends the line;
    - old: the highest version of the line that the advisory lists. Where none is listed (Go never
      does), the version before the fix is assumed, but at least the one that opens the line; a
      warning says so.

    Ranges of type GIT name commits and are ignored. Higher lines without a fix give a warning.
    Raises PassedOver when there is no such fix.
    """
    order = _Order(ecosystem)
    ranges = [one for entry in entries for one in entry.ranges]
    listed = [version for entry in entries for version in entry.versions]
    lines = [line for one in ranges if one.type != "GIT" for line in _lines(one.events, order)]
    fixed = [
        line
        for line in lines
        if line.fixed and line.fixed not in listed and not order.any_holds(lines, line.fixed)
    ]
    if not fixed:
        raise PassedOver(_why_unfixed(lines, ranges))
    line = max(fixed, key=lambda line: order.key(line.fixed or ""))
    assert line.fixed is not None
    warnings = [_warning(higher) for higher in lines if order.above(higher.introduced, line.fixed)]
    inside = [version for version in listed if order.holds(line, version)]
    if inside:
        return Bump(max(inside, key=order.key), line.fixed, warnings)
    old = max(line.introduced, _predecessor(ecosystem, line.fixed), key=order.key)
    assumed = f"No affected version is listed: {old}, the one before the fix, is assumed."
    return Bump(old, line.fixed, [assumed, *warnings])


def _lines(events: Iterable[Event], order: "_Order") -> Iterator[Line]:
    """The runs of affected versions that a range's events, in whatever order, describe."""
    steps = [
        (kind, version)
        for event in events
        for kind, version in event.model_dump(exclude_none=True).items()
    ]
    opened: str | None = None
    for kind, version in sorted(steps, key=lambda step: (order.key(step[1]), step[0])):
        if kind == "introduced":
            opened = version if opened is None else opened
        elif opened is not None:
            yield Line(opened, **{kind: version})
            opened = None
    if opened is not None:
        yield Line(opened)


def _why_unfixed(lines: list[Line], ranges: list[Range]) -> str:
    if any(line.last_affected for line in lines):
        return "no fixed version, only the last affected one"
    if ranges and all(one.type == "GIT" for one in ranges):
        return "no fixed version, only commits"
    return "no fixed version"


def _warning(line: Line) -> str:
    if line.last_affected:
        return f"{line.introduced} to {line.last_affected} are affected too, without a fix."
    return f"Versions from {line.introduced} up are affected too, without a fix."


def _predecessor(ecosystem: str, version: str) -> str:
    """What most likely came before `version`: its last number that is not 0, less one.

    Pre-releases count as their release: Go's pseudo-version 1.1.25-0.2019… follows 1.1.24. A Go
    module's path names its major version, so before 2.0.0 come only its pre-releases.
    """
    release, rest = _RELEASE.match(version.lower().removeprefix("v")).groups()  # type: ignore[union-attr]
    numbers = [int(number) for number in release.split(".") if number]
    least_place = 1 if ecosystem == "Go" else 0
    for place in reversed(range(least_place, len(numbers))):
        if numbers[place]:
            numbers[place] -= 1
            suffix = "+incompatible" if rest.endswith("+incompatible") else ""
            return ".".join(map(str, numbers)) + suffix
    return f"{release}-0" if ecosystem == "Go" and release else "0"


class _Order:
    """How the versions of an ecosystem compare.

    PyPI's by PEP 440. All others like semantic versions, with as many numbers as they have: 1.10
    after 1.9, a pre-release before its release, a build (`+…`) after it. OSV's "0" is before all.
    """

    def __init__(self, ecosystem: str) -> None:
        self._is_pypi = ecosystem.partition(":")[0].lower() == "pypi"

    def key(self, version: str) -> tuple[int, Any]:
        if version == "0":
            return 0, None
        if self._is_pypi:
            try:
                return 2, Version(version)
            except InvalidVersion:
                pass  # older than PEP 440, so before every version that follows it
        return 1, _tolerant_key(version)

    def above(self, version: str, other: str) -> bool:
        return self.key(version) > self.key(other)

    def holds(self, line: Line, version: str) -> bool:
        """Whether `version` lies in the line."""
        if self.above(line.introduced, version):
            return False
        if line.fixed is not None:
            return self.above(line.fixed, version)
        return line.last_affected is None or not self.above(version, line.last_affected)

    def any_holds(self, lines: Iterable[Line], version: str) -> bool:
        return any(self.holds(line, version) for line in lines)


def _tolerant_key(version: str) -> tuple[Any, ...]:
    core, _, build = version.lower().removeprefix("v").partition("+")
    release, rest = _RELEASE.match(core).groups()  # type: ignore[union-attr]
    numbers = [int(number) for number in release.split(".") if number]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    is_release = rest.strip(".-") in {"", "final", "ga", "release"}
    return numbers, is_release, [] if is_release else _parts(rest), _parts(build)


def _parts(text: str) -> list[tuple[int, int, str]]:
    """Numbers and words of a version's tail; numbers come before words."""
    found = re.findall(r"([0-9]+)|([a-z]+)", text)
    return [(0, int(digits), "") if digits else (1, 0, word) for digits, word in found]
