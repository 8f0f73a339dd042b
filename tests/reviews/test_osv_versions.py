"""Which version an advisory moves a package from, and to which."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from reviews.demo import manifests
from tests.support.osv_documents import (
    Json,
    advisory,
    affected,
    bump,
    reasons,
    results,
    span,
    the_apv,
)


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
