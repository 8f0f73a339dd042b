"""How severe an advisory is, wherever databases say so."""

from typing import Any

import pytest

from reviews.choices import Severity
from tests.support.osv_documents import (
    V2,
    V30,
    V31,
    V31_NONE,
    V40,
    Json,
    advisory,
    affected,
    ratings,
    span,
    the_apv,
)


def rated(**more: Any) -> tuple[float | None, str]:
    made = the_apv(advisory(**more))
    return made["cvss_score"], made["severity"]


@pytest.mark.parametrize(
    ("vector", "score", "severity"),
    [
        (V30, 5.3, Severity.MEDIUM),
        (V31, 9.8, Severity.CRITICAL),
        (V31_NONE, 0.0, Severity.LOW),
        (V40, 8.7, Severity.HIGH),
    ],
)
def test_severity_and_score_come_from_the_vector(vector: str, score: float, severity: Severity):
    made = the_apv(advisory(severity=ratings(vector)))
    assert (made["cvss_score"], made["severity"]) == (score, severity)
    assert not any("CVSS" in warning for warning in made["validation_warnings"])


def test_the_newest_vector_counts():
    assert rated(severity=ratings(V2, V30, V40, V31)) == (8.7, "HIGH")


def test_the_package_s_vector_counts_more_than_the_advisory_s():
    package = affected(span(fixed="2.0"), severity=ratings(V30))
    assert rated(severity=ratings(V40), affected=[package]) == (5.3, "MEDIUM")


def test_an_unusable_vector_of_the_package_leaves_the_advisory_s():
    package = affected(span(fixed="2.0"), severity=ratings("high", "CVSS:3.1/AV:N"))
    assert rated(severity=ratings(V31), affected=[package]) == (9.8, "CRITICAL")


@pytest.mark.parametrize("vectors", [[], [""], [" "]])
def test_an_advisory_without_a_severity_gets_the_default_and_a_warning_says_so(vectors: list[str]):
    made = the_apv(advisory(severity=ratings(*vectors)))
    assert (made["cvss_score"], made["severity"]) == (None, "MEDIUM")
    assert made["severity_source"] == "default of the import"
    assert "PYSEC-2024-1 names no severity: MEDIUM by default." in made["validation_warnings"]


@pytest.mark.parametrize("vector", ["CVSS:3.1/", "CVSS:4.0/AV:é", "untriaged", V31[9:]])
def test_warning_quotes_a_severity_that_cannot_be_used(vector: str):
    made = the_apv(advisory(severity=ratings(vector)))
    assert made["severity_source"] == "default of the import"
    warning = (
        f'PYSEC-2024-1 names no severity that can be used, only "{vector}": MEDIUM by default.'
    )
    assert warning in made["validation_warnings"]


def worded(word: Any, name: str = "severity") -> Json:
    return {"database_specific": {name: word}}


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("CRITICAL", "CRITICAL"),
        ("Important", "HIGH"),
        ("MODERATE", "MEDIUM"),
        ("Moderately critical", "MEDIUM"),
        ("moderately_critical", "MEDIUM"),
        (" Low ", "LOW"),
        ("negligible", "LOW"),
        ("high**", "HIGH"),
    ],
)
def test_severity_may_be_a_word(word: str, severity: str):
    made = the_apv(advisory(**worded(word)))
    assert (made["severity"], made["cvss_score"]) == (severity, None)
    assert made["severity_source"] == f'severity of PYSEC-2024-1: "{word.strip()}"'
    assert len(made["validation_warnings"]) == 1


def test_ubuntu_s_priority_is_a_severity():
    made = the_apv(advisory(severity=[{"type": "Ubuntu", "score": "high"}]))
    assert (made["severity"], made["severity_source"]) == ("HIGH", 'Ubuntu of PYSEC-2024-1: "high"')


@pytest.mark.parametrize("name", ["severity", "urgency", "priority"])
@pytest.mark.parametrize("place", ["ecosystem_specific", "database_specific"])
def test_words_of_the_package_count_wherever_databases_put_them(name: str, place: str):
    package = affected(span(fixed="2.0")) | {place: {name: "high"}}
    made = the_apv(advisory(package, **worded("LOW")))
    assert (made["severity"], made["severity_source"]) == ("HIGH", f'{name} of the package: "high"')


@pytest.mark.parametrize("word", ["not yet assigned", "", 7, None, True, {}, [], ["x"], "9" * 999])
def test_a_word_that_says_nothing_of_the_severity_is_passed_over(word: Any):
    made = the_apv(advisory(**worded(word)))
    assert made["severity_source"] == "default of the import"


@pytest.mark.parametrize(
    "place",
    [
        {"severity": [{"type": "CVSS_V2", "score": V2}]},
        {"severity": [{"type": "CVSS_V2", "score": f"({V2})"}]},
        {"database_specific": {"cvss": V2}},
        {"database_specific": {"cvss": {"vectorString": V2, "score": 7.5}}},
    ],
)
def test_a_vector_of_cvss_2_counts(place: Json):
    made = the_apv(advisory(**place))
    assert (made["severity"], made["cvss_score"], made["cvss_vector"]) == ("HIGH", 7.5, V2)
    assert made["severity_source"].endswith(" of PYSEC-2024-1")


@pytest.mark.parametrize(
    ("kind", "score", "severity"),
    [("CVSS_V2", "10.0", "HIGH"), ("CVSS_V3", 9.8, "CRITICAL"), ("CVSS_V3", "3.1", "LOW")],
)
def test_a_bare_score_counts_by_the_scale_of_its_version(kind: str, score: Any, severity: str):
    made = the_apv(advisory(severity=[{"type": kind, "score": score}]))
    assert (made["severity"], made["cvss_score"]) == (severity, float(score))


def test_a_vector_counts_more_than_a_word_and_a_word_more_than_cvss_2():
    both = worded("CRITICAL")
    assert rated(severity=ratings(V30), **both) == (5.3, "MEDIUM")
    assert rated(severity=ratings(V2), **both) == (None, "CRITICAL")


def test_a_vector_in_the_package_s_specifics_counts():
    package = affected(span(fixed="2.0"), database_specific={"cvss": V31, "informational": None})
    made = the_apv(advisory(package))
    assert (made["severity"], made["cvss_score"]) == ("CRITICAL", 9.8)
    assert made["severity_source"] == "cvss of the package"
