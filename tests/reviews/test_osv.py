import json
import subprocess
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from reviews.choices import Severity
from reviews.demo import manifests
from reviews.imports import bumps, osv
from reviews.models import ILLUSTRATIVE

Json = dict[str, Any]

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V30 = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V31_NONE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"
V40 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"


def span(introduced: str = "0", fixed: str = "", *, last: str = "", kind: str = "SEMVER") -> Json:
    """A range of one line of affected versions."""
    ends = [{"fixed": fixed}] if fixed else [{"last_affected": last}] if last else []
    return {"type": kind, "events": [{"introduced": introduced}, *ends]}


def affected(*ranges: Json, name: str = "jinja", ecosystem: str = "PyPI", **more: Any) -> Json:
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": list(ranges), **more}


def advisory(*packages: Json, **more: Any) -> Json:
    return {
        "id": "PYSEC-2024-1",
        "modified": "2024-01-01T00:00:00Z",
        "aliases": ["GHSA-aaaa-bbbb-cccc", "CVE-2024-1234"],
        "details": "A template can run code. It should not.\n\nMore on this.",
        "affected": list(packages) or [affected(span(fixed="1.2.1"), versions=["1.1", "1.2.0"])],
    } | more


def results(document: Any) -> list[bumps.Fields | osv.PassedOver]:
    parsed = osv.read(json.dumps(document).encode(), is_yaml=False)
    return list(bumps.apvs_of(parsed, default_severity="MEDIUM"))


def the_apv(document: Json) -> bumps.Fields:
    [made] = results(document)
    assert not isinstance(made, osv.PassedOver), made
    return made


def bump(*packages: Json) -> tuple[str, str]:
    made = the_apv(advisory(*packages))
    return made["package_version"], made["fixed_version"]


def reasons(document: Json) -> list[str]:
    return [made.reason for made in results(document) if isinstance(made, osv.PassedOver)]


def refusal(data: bytes, *, is_yaml: bool = False) -> str:
    with pytest.raises(osv.PassedOver) as why:
        osv.read(data, is_yaml=is_yaml)
    return str(why.value)


# -- The fields of an APV ---------------------------------------------------------------------


def test_an_advisory_becomes_a_version_bump():
    made = the_apv(advisory())
    assert made["patch_strategy"] == "version_bump"
    assert made["cve_id"] == "CVE-2024-1234"
    assert (made["package_ecosystem"], made["package_name"]) == ("PyPI", "jinja")
    assert (made["package_version"], made["fixed_version"]) == ("1.2.0", "1.2.1")
    assert made["affected_files"] == ["requirements.txt"]
    assert made["cve_description"].endswith("More on this.")


def test_the_description_of_the_patch_opens_with_the_osv_id():
    description = the_apv(advisory())["patch_description"]
    assert description == "PYSEC-2024-1: moves jinja from 1.2.0 to 1.2.1."
    assert bumps.osv_id(description) == "PYSEC-2024-1"


def test_the_diff_applies_to_the_manifest(tmp_path: Path):
    target = tmp_path / "requirements.txt"
    target.write_text(manifests.manifest_text("PyPI", "jinja", "1.2.0"), encoding="utf-8")
    diff = the_apv(advisory())["patch_diff"].encode()
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, check=True)
    assert "jinja==1.2.1\n" in target.read_text(encoding="utf-8")


def test_a_warning_says_that_the_diff_is_no_project_s():
    assert ILLUSTRATIVE in the_apv(advisory())["validation_warnings"]
    assert "The diff is illustrative" in ILLUSTRATIVE
    assert "the manifest's other lines are made up" in ILLUSTRATIVE


def test_each_package_with_a_fix_becomes_an_apv():
    made = results(
        advisory(
            affected(span(fixed="2.0"), name="one"),
            affected(span(), name="two"),
            affected(span(fixed="3.0"), name="three"),
        )
    )
    assert [isinstance(one, osv.PassedOver) for one in made] == [False, True, False]


def test_entries_for_the_same_package_become_one_apv():
    assert bump(
        affected(span("1.0", "1.4.2"), versions=["1.4.1"]),
        affected(span("2.0", "2.1.0"), versions=["2.0.9"]),
    ) == ("2.0.9", "2.1.0")


def test_the_title_is_the_summary():
    assert the_apv(advisory(summary=" Code  runs\n"))["cve_title"] == "Code runs"


def test_without_a_summary_the_title_is_the_first_sentence_of_the_details():
    assert the_apv(advisory())["cve_title"] == "A template can run code."


def test_without_summary_and_details_there_is_no_title():
    assert the_apv(advisory(details=None))["cve_title"] == ""


def test_a_long_title_ends_in_an_ellipsis():
    title = the_apv(advisory(summary="word " * 100))["cve_title"]
    assert len(title) <= 300
    assert title.endswith("word…")


def test_a_long_description_ends_in_an_ellipsis():
    assert len(the_apv(advisory(details="x" * 30_000))["cve_description"]) == 20_000


@pytest.mark.parametrize(
    ("names", "cve"),
    [
        ({"id": "CVE-2020-9999", "aliases": ["CVE-2024-1234"]}, "CVE-2020-9999"),
        ({"aliases": ["GHSA-x", "CVE-2024-1234", "CVE-2024-9999"]}, "CVE-2024-1234"),
        ({"aliases": [], "upstream": ["CVE-2024-5555"]}, "CVE-2024-5555"),
        ({"aliases": None}, None),
        ({"aliases": ["CVE-24-1", "UBUNTU-CVE-2024-1234"]}, None),
    ],
)
def test_the_cve_comes_from_id_aliases_or_upstream(names: Json, cve: str | None):
    assert the_apv(advisory(**names))["cve_id"] == cve


@pytest.mark.parametrize(
    "place",
    [
        {"cwe_ids": ["CWE-79", "CWE-80"]},
        {"database_specific": {"cwe_ids": ["CWE-79", "CWE-80", "CWE-79", "nonsense", 7]}},
        {"database_specific": {"cwes": [{"cweId": "CWE-79"}, {"cweId": "CWE-80"}, {}]}},
    ],
)
def test_cwes_are_read_where_databases_put_them(place: Json):
    assert the_apv(advisory(**place))["cwe_ids"] == ["CWE-79", "CWE-80"]


def test_cwes_of_the_package_count_too():
    package = affected(span(fixed="2.0"), database_specific={"cwe_ids": ["CWE-22"]})
    assert the_apv(advisory(package))["cwe_ids"] == ["CWE-22"]


# -- Severity ---------------------------------------------------------------------------------


def rated(**more: Any) -> tuple[float | None, str]:
    made = the_apv(advisory(**more))
    return made["cvss_score"], made["severity"]


def ratings(*vectors: str) -> list[Json]:
    return [{"type": "CVSS", "score": vector} for vector in vectors]


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


# -- Which version to which -------------------------------------------------------------------


def test_the_highest_listed_version_before_the_fix_is_the_affected_one():
    package = affected(span(fixed="1.11"), versions=["1.9", "1.10", "1.2", "1.11.1"])
    assert bump(package) == ("1.10", "1.11")


def test_of_several_lines_the_highest_with_a_fix_counts():
    events = [{"introduced": "0"}, {"fixed": "1.4.2"}, {"introduced": "2.0"}, {"fixed": "2.1.0"}]
    package = affected({"type": "ECOSYSTEM", "events": events}, versions=["1.4.1", "2.0", "2.0.1"])
    assert bump(package) == ("2.0.1", "2.1.0")


def test_events_count_in_the_order_of_their_versions():
    events = [{"fixed": "2.1.0"}, {"fixed": "1.4.2"}, {"introduced": "2.0"}, {"introduced": "0"}]
    assert bump(affected({"type": "ECOSYSTEM", "events": events})) == ("before 2.1.0", "2.1.0")


def test_a_higher_line_without_a_fix_is_a_warning():
    made = the_apv(advisory(affected(span("1.0", "1.4.2"), span("2.0"), versions=["1.4.1"])))
    assert (made["package_version"], made["fixed_version"]) == ("1.4.1", "1.4.2")
    assert made["validation_warnings"][1] == (
        "Versions from 2.0 up are affected too, without a fix."
    )


def test_a_higher_line_with_a_last_affected_version_is_a_warning():
    made = the_apv(advisory(affected(span("1.0", "1.4.2"), span("2.0", last="2.3"))))
    assert "2.0 to 2.3 are affected too, without a fix." in made["validation_warnings"]


def test_a_fix_inside_another_range_is_none():
    assert bump(affected(span("0", "1.5"), span("1.0", "2.0"), versions=["1.9"])) == ("1.9", "2.0")
    assert reasons(advisory(affected(span("0", "1.5"), span("1.0")))) == ["no fixed version"]


def test_a_fix_that_is_listed_as_affected_is_none():
    package = affected(span(fixed="1.5"), versions=["1.4", "1.5"])
    assert reasons(advisory(package)) == ["no fixed version"]


def test_git_ranges_are_ignored():
    commits = span("0", "0123abcd", kind="GIT")
    assert bump(affected(commits, span(fixed="1.5"), versions=["1.4"])) == ("1.4", "1.5")


@pytest.mark.parametrize(
    ("ecosystem", "introduced", "fixed"),
    [
        ("npm", "0", "1.2.3"),
        ("npm", "0", "0.0.0"),
        ("PyPI", "1.5.0", "1.5.2"),
        ("PyPI", "0", "dev"),
        ("Go", "0", "1.1.25-0.20191211073109-8ebf2e419df7"),
        ("AlmaLinux:9", "0", "32:9.16.23-1.el9"),
        ("Bitnami", "2020.12.23", "2023.03.13"),
        ("Moon Packages", "0", "q3-2021"),
    ],
)
def test_where_no_version_is_listed_none_is_made_up(ecosystem: str, introduced: str, fixed: str):
    made = the_apv(advisory(affected(span(introduced, fixed), ecosystem=ecosystem)))
    assert (made["package_version"], made["fixed_version"]) == (f"before {fixed}", fixed)
    assert made["patch_description"] == (
        f"PYSEC-2024-1: moves jinja to {fixed}, from any version before it."
    )
    since = "" if introduced == "0" else f", from {introduced} up"
    assert made["validation_warnings"][1] == (
        f"No affected version is listed: any before {fixed} may be{since}."
    )


def test_a_diff_from_no_listed_version_says_before_and_applies(tmp_path: Path):
    made = the_apv(advisory(affected(span(fixed="1.5.2"), ecosystem="Go", name="example.com/a")))
    assert "\n-\texample.com/a before v1.5.2\n+\texample.com/a v1.5.2\n" in made["patch_diff"]
    old = manifests.manifest_text("Go", "example.com/a", "before 1.5.2")
    (tmp_path / "go.mod").write_text(old, encoding="utf-8")
    diff = made["patch_diff"].encode()
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, check=True)


def test_a_version_that_only_just_fits_is_shortened_where_it_says_before():
    made = the_apv(advisory(affected(span(fixed="1." + "1" * 98), ecosystem="npm")))
    assert len(made["package_version"]) == len(made["fixed_version"]) == 100
    assert made["package_version"].endswith("…")


@pytest.mark.parametrize(
    ("ecosystem", "versions"),
    [
        ("PyPI", ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.9", "1.10", "1!0.1"]),
        ("npm", ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0"]),
        ("Go", ["0.0.0-0", "0.0.0-2019-abc", "v0.9.0", "1.0.0", "1.0.1+incompatible"]),
        ("Maven", ["31.1-jre", "32.0.0-jre", "32.0.0.1"]),
        ("Maven", ["5.4.0.Alpha1", "5.4.0.Final", "5.4.0.SP1", "5.4.1.Final"]),
        ("RubyGems", ["2.0.0.pre1", "2.0.0", "2.0.0.1"]),
        ("Debian:12", ["5.2-1", "5.2-2", "5.2-2+deb12u1", "5.2-2+deb12u2", "1:0.1-1"]),
        ("AlmaLinux:9", ["9:8.4-1.el9", "32:9.16.23-1.el9", "32:9.16.23-14.el9"]),
        ("Alpine:v3.20", ["1.1.1w-r0", "3.0.0_rc1-r0", "3.0.0-r0", "3.0.0-r1"]),
    ],
)
def test_versions_are_ordered_as_their_ecosystem_does(ecosystem: str, versions: list[str]):
    ordered = affected(span(fixed=versions[-1]), ecosystem=ecosystem, versions=versions[-2::-1])
    assert bump(ordered) == (versions[-2], versions[-1])
    for lower, higher in pairwise(versions):
        assert bump(affected(span(lower, higher), ecosystem=ecosystem, versions=[lower])) == (
            lower,
            higher,
        )


def kinds(*events: str) -> Json:
    """A range of events such as "fixed 1.0"."""
    pairs = [event.split(" ") for event in events]
    return {"type": "SEMVER", "events": [{kind: version} for kind, version in pairs]}


@pytest.mark.parametrize(
    ("ranges", "fixed"),
    [
        ([kinds("introduced 0", "limit 2.0.0"), span("2.0.0", "2.1.0")], "2.1.0"),
        ([kinds("introduced 0", "fixed 1.2.0", "limit 2.0.0"), span("3.0.0", "3.1.0")], "3.1.0"),
        ([kinds("introduced 0", "limit 1.0.0", "limit 2.0.0", "fixed 1.5.0")], "1.5.0"),
        ([kinds("introduced 0", "fixed 1.5.0", "limit *")], "1.5.0"),
        ([kinds("introduced 3.0.0", "fixed 3.1.0", "limit 2.0.0"), span("0", "1.0.0")], "1.0.0"),
        ([kinds("introduced 0", "fixed 3.0.0", "limit 2.0.0")], "3.0.0"),
        ([kinds("introduced 0", "introduced 1.5.0", "fixed 1.7.0")], "1.7.0"),
        ([kinds("introduced 0", "fixed 1.5.0", "fixed 1.6.0")], "1.5.0"),
        ([kinds("introduced 0", "fixed 1.5.0", "introduced 1.5.0", "fixed 1.6.0")], "1.6.0"),
    ],
)
def test_events_are_evaluated_as_the_schema_says(ranges: list[Json], fixed: str):
    assert bump(affected(*ranges, ecosystem="npm"))[1] == fixed


def test_versions_from_a_limit_on_are_not_said_to_be_affected():
    made = the_apv(advisory(affected(kinds("introduced 0", "fixed 3.0.0", "limit 2.0.0"))))
    assert (made["package_version"], made["fixed_version"]) == ("before 2.0.0", "3.0.0")
    assert "No affected version is listed: any before 2.0.0 may be." in made["validation_warnings"]


def test_a_limit_is_no_fix():
    package = affected(kinds("introduced 0", "limit 2.0.0"))
    assert reasons(advisory(package)) == ["no fixed version, only a limit"]


@pytest.mark.parametrize(
    "empty", [("introduced 2.0.0", "fixed 2.0.0"), ("fixed 2.0.0", "introduced 2.0.0")]
)
@pytest.mark.parametrize("ecosystem", ["npm", "PyPI", "Maven", "Debian:12", "Moon Packages"])
def test_an_interval_that_ends_where_it_begins_is_none(empty: tuple[str, str], ecosystem: str):
    events = kinds("introduced 0", "fixed 1.2.1", *empty)
    made = the_apv(advisory(affected(events, ecosystem=ecosystem)))
    assert made["fixed_version"] == "1.2.1"
    assert not any("affected too" in warning for warning in made["validation_warnings"])


def test_an_interval_of_versions_that_are_the_same_is_none():
    events = kinds("introduced 0", "fixed 1.2.1", "introduced 2.0", "fixed 2.0.0.Final")
    assert bump(affected(events, ecosystem="Maven")) == ("before 1.2.1", "1.2.1")


def test_a_last_affected_version_is_affected():
    lines = affected(span(fixed="1.5"), kinds("introduced 1.4", "last_affected 1.5"))
    assert reasons(advisory(lines)) == ["no fixed version, only the last affected one"]


def test_one_fix_is_enough_where_versions_have_no_order():
    package = affected(span(fixed="q3"), ecosystem="Moon Packages", versions=["q1", "q2"])
    assert bump(package) == ("before q3", "q3")


def test_of_several_fixes_none_is_chosen_where_versions_have_no_order():
    lines = [kinds("introduced q1", "fixed q2"), kinds("introduced q3", "fixed q4")]
    for one in lines:
        one["type"] = "ECOSYSTEM"
    assert reasons(advisory(affected(*lines, ecosystem="Moon Packages"))) == [
        "several fixed versions, and no known order of versions"
    ]


def test_a_listed_text_that_is_no_version_is_not_taken_for_one():
    assert bump(affected(span(fixed="1.0"), versions=["nightly", "0.9"])) == ("0.9", "1.0")
    assert bump(affected(span(fixed="1.0"), versions=["nightly"])) == ("before 1.0", "1.0")


@pytest.mark.parametrize(
    ("ecosystem", "names", "shown"),
    [
        ("PyPI", ["Web_Crawler", "web-crawler", "web.crawler"], "web-crawler"),
        ("NuGet", ["Newtonsoft.Json", "newtonsoft.json"], "Newtonsoft.Json"),
        ("Packagist", ["Symfony/Http-Kernel", "symfony/http-kernel"], "symfony/http-kernel"),
        ("crates.io", ["serde_json", "serde-json"], "serde_json"),
        ("GitHub Actions", ["Actions/Checkout", "actions/checkout"], "Actions/Checkout"),
    ],
)
def test_spellings_of_one_package_make_one_apv(ecosystem: str, names: list[str], shown: str):
    packages = [
        affected(span(f"{number}.0.0", f"{number}.5.0"), name=name, ecosystem=ecosystem)
        for number, name in enumerate(names, start=1)
    ]
    made = the_apv(advisory(*packages))
    assert (made["package_name"], made["fixed_version"]) == (shown, f"{len(names)}.5.0")


@pytest.mark.parametrize(
    ("ecosystem", "names"),
    [
        ("Go", ["github.com/Azure/azure", "github.com/azure/azure"]),
        ("npm", ["JSONStream", "jsonstream"]),
        ("Maven", ["org.example:Core", "org.example:core"]),
        ("RubyGems", ["RedCloth", "redcloth"]),
        ("PyPI", ["web-crawler", "webcrawler"]),
    ],
)
def test_names_that_a_registry_tells_apart_make_two_apvs(ecosystem: str, names: list[str]):
    packages = [affected(span(fixed="1.0.0"), name=name, ecosystem=ecosystem) for name in names]
    assert len(results(advisory(*packages))) == 2


def test_an_advisory_with_more_ranges_than_any_has_is_passed_over_in_time():
    lines = [span(f"{number}.0.0", f"{number}.1.0") for number in range(501)]
    assert reasons(advisory(affected(*lines))) == ["more than 500 ranges"]
    versions = [f"1.0.{number}" for number in range(20_001)]
    assert reasons(advisory(affected(span(fixed="2.0"), versions=versions))) == [
        "more than 20,000 versions"
    ]


def test_zeros_at_the_end_make_no_difference():
    package = affected(span("1.0.0", "2.0"), ecosystem="npm", versions=["2.0.0", "1"])
    assert bump(package) == ("1", "2.0")


# -- What gives no APV ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (advisory(withdrawn="2024-02-01T00:00:00Z"), "withdrawn"),
        (advisory(affected=[]), "no affected package"),
        (advisory(affected=None), "no affected package"),
        (advisory({"ranges": [span(fixed="1.0")]}), "no affected package"),
        (advisory(affected(span())), "no fixed version"),
        (advisory(affected(versions=["1.0"])), "no fixed version"),
        (advisory(affected(span(fixed="abc", kind="GIT"))), "no fixed version, only commits"),
        (advisory(affected(span(last="1.9"))), "no fixed version, only the last affected one"),
    ],
)
def test_what_cannot_become_an_apv_is_passed_over_with_a_reason(document: Json, reason: str):
    assert reasons(document) == [reason]


def test_a_reason_names_the_package():
    [made] = results(advisory(affected(span(), name="two", ecosystem="npm")))
    assert str(made) == "no fixed version: npm two"


@pytest.mark.parametrize("document", [[], "text", 5, None, {}, {"id": "x", "name": "pkg"}])
def test_other_json_is_not_an_advisory(document: Any):
    assert refusal(json.dumps(document).encode()) == "not an OSV advisory"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"affected": {}}, "affected"),
        ({"affected": [{"package": {"name": "x"}}]}, "affected.0.package.ecosystem"),
        ({"affected": [affected(name="a\nb")]}, "affected.0.package.name"),
        ({"affected": [affected(span(fixed="9" * 5000))]}, "affected.0.ranges.0.events.1.fixed"),
        ({"severity": [{"type": "CVSS_V3"}]}, "severity.0.score"),
        ({"modified": "yesterday"}, "modified"),
        ({"withdrawn": "0001-01-01T00:00:00+14:00"}, "withdrawn"),
    ],
)
def test_a_malformed_advisory_is_refused_with_the_place(change: Json, place: str):
    data = json.dumps(advisory(**change)).encode()
    assert refusal(data).startswith(f"not an OSV advisory: {place}: ")


@pytest.mark.parametrize(
    ("data", "is_yaml", "reason"),
    [
        (b"{", False, "not JSON: Expecting"),
        (b"", False, "not JSON: Expecting value"),
        (b"[" * 100_000, False, "not JSON: nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", False, "not JSON: Exceeds the limit"),
        (b"\xff", False, "not UTF-8: byte 0"),
        (b"a: [", True, "not YAML: while parsing"),
        (b"--- 1\n--- 2\n", True, "not YAML: expected a single document"),
        (b"a: !!python/object:os.system {}", True, "not YAML: could not determine a constructor"),
        (b"[" * 10_000, True, "not YAML: nested too deeply"),
        (b"a: &a [x]\nb: *a\n", True, "not YAML without aliases: line 2"),
        (b"[" + b"1," * 500_000 + b"1]", False, "not JSON: more than 500,000 values"),
        (b"- 1\n" * 500_001, True, "not YAML: more than 500,000 values"),
        (b"", True, "not an OSV advisory"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, is_yaml: bool, reason: str):
    message = refusal(data, is_yaml=is_yaml)
    assert message.startswith(reason)
    assert "\n" not in message


# -- YAML -------------------------------------------------------------------------------------


def test_yaml_says_the_same_as_json():
    document = advisory(severity=ratings(V31))
    from_yaml = osv.read(yaml.safe_dump(document).encode(), is_yaml=True)
    assert from_yaml == osv.read(json.dumps(document).encode(), is_yaml=False)


def test_aliases_that_would_fill_the_memory_are_refused_before_they_are_followed():
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    text = "\n".join(["affected: []", "l0: &l0 [x]", *levels])
    tracemalloc.start()
    message = refusal(text.encode(), is_yaml=True)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message == "not YAML without aliases: line 3"
    assert most < 2_000_000


def test_versions_without_quotes_in_yaml_stay_text():
    text = """
id: PYSEC-2024-1
modified: 2024-01-01T00:00:00Z
withdrawn:
affected:
- package: {name: jinja, ecosystem: PyPI}
  ranges:
  - type: ECOSYSTEM
    events: [{introduced: 0}, {fixed: 1.10}]
  versions: [1.0, 1.9]
"""
    [made] = bumps.apvs_of(osv.read(text.encode(), is_yaml=True), default_severity="LOW")
    assert not isinstance(made, osv.PassedOver)
    assert (made["package_version"], made["fixed_version"]) == ("1.9", "1.10")
