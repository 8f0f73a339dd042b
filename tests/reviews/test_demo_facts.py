import json
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cvss import CVSS3
from hypothesis import given
from hypothesis import strategies as st

from reviews.demo import manifests

Advisory = dict[str, Any]

ADVISORIES: list[Advisory] = json.loads(
    (Path(manifests.__file__).parent / "advisories.json").read_text(encoding="utf-8")
)
FIELDS = {
    "cve_id",
    "title",
    "description",
    "cvss_vector",
    "cwe_ids",
    "ecosystem",
    "package",
    "vulnerable_version",
    "fixed_version",
    "vulnerable_code_type",
    "vulnerable_code_signature",
    "affected_files",
}

each_advisory = pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda fact: fact["cve_id"])


def severity_of(advisory: Advisory) -> str:
    return str(CVSS3(advisory["cvss_vector"]).severities()[0]).upper()


def apply_bump(folder: Path, ecosystem: str, package: str, old: str, new: str) -> str:
    """Return the manifest's text after git applied the bump to the old one."""
    target = folder / manifests.manifest_path(ecosystem)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(manifests.manifest_text(ecosystem, package, old), encoding="utf-8")
    subprocess.run(
        ["git", "apply", "-"],
        cwd=folder,
        input=manifests.bump_diff(ecosystem, package, old, new).encode(),
        check=True,
        capture_output=True,
    )
    return target.read_text(encoding="utf-8")


def changed_lines(diff: str, sign: str) -> list[str]:
    return [
        line
        for line in diff.splitlines()
        if line.startswith(sign) and not line.startswith(sign * 3)
    ]


def test_there_are_at_least_forty_cves():
    assert len(ADVISORIES) >= 40


def test_they_cover_at_least_five_ecosystems_with_five_cves_each():
    per_ecosystem = Counter(fact["ecosystem"] for fact in ADVISORIES)
    assert sum(count >= 5 for count in per_ecosystem.values()) >= 5


def test_no_cve_stands_twice():
    assert len({fact["cve_id"] for fact in ADVISORIES}) == len(ADVISORIES)


def test_every_severity_is_present():
    per_severity = Counter(map(severity_of, ADVISORIES))
    assert min(per_severity[name] for name in ("CRITICAL", "HIGH", "MEDIUM")) >= 3
    assert per_severity["LOW"] >= 2


def test_no_description_stands_twice():
    assert len({fact["description"] for fact in ADVISORIES}) == len(ADVISORIES)


@each_advisory
def test_an_advisory_has_every_field_filled(advisory: Advisory):
    assert set(advisory) == FIELDS
    assert all(advisory.values())


@each_advisory
def test_a_cve_id_has_the_published_form(advisory: Advisory):
    assert re.fullmatch(r"CVE-\d{4}-\d{4,}", advisory["cve_id"])


@each_advisory
def test_a_cvss_vector_parses_to_a_score(advisory: Advisory):
    assert 0 < CVSS3(advisory["cvss_vector"]).scores()[0] <= 10


@each_advisory
def test_cwe_ids_have_the_published_form(advisory: Advisory):
    assert all(re.fullmatch(r"CWE-\d+", cwe) for cwe in advisory["cwe_ids"])


@each_advisory
def test_a_description_says_enough_to_decide_on(advisory: Advisory):
    assert len(advisory["description"]) >= 80


@each_advisory
def test_the_affected_files_name_the_manifest(advisory: Advisory):
    assert 1 <= len(advisory["affected_files"]) <= 3
    assert manifests.manifest_path(advisory["ecosystem"]) in advisory["affected_files"]


@each_advisory
def test_the_ecosystem_has_a_manifest_of_its_own(advisory: Advisory):
    assert manifests.manifest_path(advisory["ecosystem"]) != manifests.NEUTRAL.path


@each_advisory
def test_a_bump_applies_with_git_and_yields_the_fixed_version(advisory: Advisory, tmp_path: Path):
    ecosystem, package = advisory["ecosystem"], advisory["package"]
    old, new = advisory["vulnerable_version"], advisory["fixed_version"]
    bumped = apply_bump(tmp_path, ecosystem, package, old, new)
    assert bumped == manifests.manifest_text(ecosystem, package, new)
    assert new in bumped


@each_advisory
def test_a_bump_changes_one_line_from_the_old_version_to_the_new(advisory: Advisory):
    old, new = advisory["vulnerable_version"], advisory["fixed_version"]
    diff = manifests.bump_diff(advisory["ecosystem"], advisory["package"], old, new)
    [removed], [added] = changed_lines(diff, "-"), changed_lines(diff, "+")
    assert old in removed
    assert new in added


@pytest.mark.parametrize("ecosystem", [*manifests.MANIFESTS, "Debian:12", "no such thing", ""])
def test_a_bump_in_any_ecosystem_applies_with_git(ecosystem: str, tmp_path: Path):
    bumped = apply_bump(tmp_path, ecosystem, "left:pad", "1.0.0", "1.0.1")
    assert bumped == manifests.manifest_text(ecosystem, "left:pad", "1.0.1")


VERSIONS = st.sampled_from(["1.0", "2.0", "before 2.0", "42.6.0", "5.0.1", "v1", "é"])
PACKAGES = st.sampled_from(["left:pad", "requests", "org.slf4j:slf4j-api", "a", "zz", "Polly"])


@given(st.sampled_from(["", *manifests.MANIFESTS]), PACKAGES, VERSIONS, VERSIONS)
def test_a_bump_is_what_difflib_finds(ecosystem: str, package: str, old: str, new: str):
    found = manifests.bump_diff(ecosystem, package, old, new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifests, "_one_line", lambda *_: [])
        assert found == manifests.bump_diff(ecosystem, package, old, new)


def test_a_diff_starts_with_the_git_header_and_ends_with_a_newline():
    diff = manifests.bump_diff("npm", "lodash", "4.17.20", "4.17.21")
    assert diff.startswith("diff --git a/package.json b/package.json\n--- a/package.json\n")
    assert diff.endswith("\n")


@pytest.mark.parametrize("name", ["PyPI", "pypi", "PYPI", "PyPI:mirror"])
def test_an_ecosystem_is_known_in_any_case_and_with_a_suffix(name: str):
    assert manifests.manifest_path(name) == "requirements.txt"


def test_an_unknown_ecosystem_gets_the_neutral_manifest():
    assert manifests.manifest_path("Debian:12") == "dependencies.txt"


@pytest.mark.parametrize("version", ["0.17.0", "v0.17.0"])
def test_a_go_version_has_exactly_one_v(version: str):
    manifest = manifests.manifest_text("Go", "golang.org/x/net", version)
    assert "\tgolang.org/x/net v0.17.0\n" in manifest


@pytest.mark.parametrize("package", ["redis", "Redis"])
def test_a_package_that_is_also_a_neighbour_stands_once(package: str):
    manifest = manifests.manifest_text("PyPI", package, "4.5.3")
    assert re.findall(r"(?im)^redis==.*$", manifest) == [f"{package}==4.5.3"]


@pytest.mark.parametrize("ecosystem", ["npm", "Packagist"])
def test_a_json_manifest_is_valid(ecosystem: str):
    assert json.loads(manifests.manifest_text(ecosystem, "a/b", "1.0.0"))


@pytest.mark.parametrize("ecosystem", ["Maven", "NuGet"])
def test_an_xml_manifest_is_valid(ecosystem: str):
    ElementTree.fromstring(manifests.manifest_text(ecosystem, "org.example:thing", "1.0.0"))


def test_a_cargo_manifest_is_valid():
    manifest = tomllib.loads(manifests.manifest_text("crates.io", "regex", "1.5.5"))
    assert manifest["dependencies"]["regex"] == "1.5.5"
