"""The severity of an advisory, and its source.

An advisory may state it in several places. The first usable one counts:

1. a CVSS vector or score of the package, 4.0 before 3.1 before 3.0; then one of the advisory;
2. a word of the package ("CRITICAL", "important", Ubuntu's "high"); then one of the advisory;
3. a CVSS 2.0 vector or score of the package; then one of the advisory. It comes last, because it
   has no "critical".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from reviews.choices import Severity

WORDS = {
    **dict.fromkeys(["critical", "highly critical", "urgent"], Severity.CRITICAL),
    **dict.fromkeys(["high", "important", "severe", "major"], Severity.HIGH),
    **dict.fromkeys(["medium", "moderate", "moderately critical"], Severity.MEDIUM),
    **dict.fromkeys(["low", "minor", "negligible", "unimportant", "informational"], Severity.LOW),
    **dict.fromkeys(["none", "less critical", "not critical"], Severity.LOW),
}
"""The words of GitHub, Ubuntu, Debian, Red Hat, SUSE, AlmaLinux, Bitnami, Go and Drupal."""
NAMES_OF_WORDS = ("severity", "urgency", "priority", "threat_severity", "impact")
NAMES_OF_VECTORS = ("cvss", "cvss_v4", "cvss_v3", "cvss_v2", "severity")
MOST_CHARACTERS = 300


class Rated(NamedTuple):
    """A severity, with the score and vector it comes from, if any."""

    score: float | None
    severity: Severity
    vector: str = ""
    source: str = ""


class Statement(NamedTuple):
    """A statement of severity in one place: a vector, a score or a word, and its kind."""

    kind: str
    text: str
    place: str


def rate(vectors: Iterable[str]) -> Rated | None:
    """Return the rating by the newest CVSS vector among `vectors`, by its base score, or None.

    CVSS's "None", a score of 0, is rated LOW, since an APV has no such severity.
    """
    return _newest(Statement("CVSS", vector, "") for vector in vectors)


def rate_statements(package: Sequence[Statement], advisory: Sequence[Statement]) -> Rated | None:
    """Return the rating by the statements of the package and the advisory, as described above."""
    places = (package, advisory)
    modern = (_newest(one for one in place if not _is_v2(one)) for place in places)
    words = (_worded(place) for place in places)
    old = (_newest(one for one in place if _is_v2(one)) for place in places)
    return next((one for some in (modern, words, old) for one in some if one is not None), None)


def statements(ratings: Iterable[Any], specific: Any, place: str) -> Iterator[Statement]:
    """Yield the statements in `severity` and one of OSV's `…_specific` objects."""
    for rating in ratings:
        yield Statement(rating.type, rating.score.strip(), f"{rating.type} of {place}")
    if not isinstance(specific, dict):
        return
    for name in dict.fromkeys((*NAMES_OF_VECTORS, *NAMES_OF_WORDS)):
        yield from _specific(name, specific.get(name), place)


def _specific(name: str, value: Any, place: str) -> Iterator[Statement]:
    if isinstance(value, dict):
        keys = ("vectorString", "vector", "score", "severity", "value")
        inner = [value[key] for key in keys if value.get(key)][:1]
    else:
        inner = value if isinstance(value, list) else [value]
    for one in inner[:10]:
        if isinstance(one, str | int | float) and not isinstance(one, bool):
            yield Statement(name, str(one).strip(), f"{name} of {place}")


# -- CVSS -------------------------------------------------------------------------------------


def _newest(stated: Iterable[Statement]) -> Rated | None:
    usable = [one for one in stated if len(one.text) <= MOST_CHARACTERS]
    vectors = [rated for one in usable if (rated := _by_vector(one))]
    scores = [rated for one in usable if (rated := _by_score(one))]
    newest_first = sorted(vectors, key=lambda rated: rated.vector[:8], reverse=True)
    return next(iter([*newest_first, *scores]), None)


def _by_vector(stated: Statement) -> Rated | None:
    vector = re.sub(r"^CVSS:2\.0/|^\(|\)$", "", stated.text)
    kind = CVSS4 if vector.startswith("CVSS:4") else CVSS3
    try:
        parsed = (CVSS2 if vector.startswith("AV:") else kind)(vector)
    except CVSSError:
        return None
    word = str(parsed.severities()[0]).upper()
    return Rated(float(parsed.scores()[0]), _severity(word), vector, stated.place)


def _by_score(stated: Statement) -> Rated | None:
    """Rate a plain number, on the scale of its version of CVSS."""
    if not stated.kind.lower().startswith("cvss") or not re.fullmatch(
        r"[0-9]{1,2}(\.[0-9]+)?", stated.text
    ):
        return None
    score = float(stated.text)
    if score > 10:
        return None
    steps = [(7.0, Severity.HIGH), (4.0, Severity.MEDIUM)]
    if not _is_v2(stated):
        steps.insert(0, (9.0, Severity.CRITICAL))
    found = next((severity for least, severity in steps if score >= least), Severity.LOW)
    return Rated(score, found, "", stated.place)


def _is_v2(stated: Statement) -> bool:
    return stated.kind.lower() == "cvss_v2" or stated.text.lstrip("(").startswith(
        ("AV:", "CVSS:2.0/")
    )


# -- Words ------------------------------------------------------------------------------------


def _worded(stated: Iterable[Statement]) -> Rated | None:
    for one in stated:
        word = " ".join(one.text.lower().rstrip("*").replace("_", " ").split())  # Debian's "low**"
        if one.kind == "CVSS":
            continue
        if word in WORDS:
            return Rated(None, WORDS[word], "", f'{one.place}: "{one.text}"')
    return None


def _severity(word: str) -> Severity:
    return Severity(word if word in Severity else Severity.LOW)
