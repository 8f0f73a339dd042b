"""What becomes of an advisory: the fields of an APV, or a reason why there is none."""

import json
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from reviews.demo import manifests
from reviews.imports import bumps, osv
from reviews.models import ILLUSTRATIVE
from tests.support.osv_documents import (
    V31,
    Json,
    advisory,
    affected,
    bump,
    ratings,
    reasons,
    results,
    span,
    the_apv,
)


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


VALUES: Any = st.recursive(
    st.sampled_from(["null", "~", "", "1.10", "no", "<<", "=", "2024-01-01", "a: b", "- x", "é\n"])
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
ODD_YAML = [
    *("", "# nothing", "---", "--- 1\n--- 2", "a", "~", "? a", "a: 1\na: 2", "{a, b: }"),
    *("<<: {a: b}", "= : 1", "? [a]\n: b", "? {a: b}\n: c", "!!int 5", "! 5", "!x a", "[a, [b]]"),
    *("!!set {a}", "!!omap [a: b]", "&x a", "a: &x [b]", "!!null a", "'~'", '"null"', "|\n null\n"),
    *("%YAML 1.1\n---\na", "%FOO\n---\na", "!!timestamp 2024-01-01", "- !!float 1", "null: null"),
    *("!!map {a: b}", "!!str null", "!!python/name:os.system a", "a: b: c", "[a", "\ta: b", "- -"),
    "!!binary YQ==",
]


def loaded(load: Callable[[str], Any], text: str) -> str:
    try:
        return repr(load(text))
    except (yaml.YAMLError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


@given(text=VALUES.map(yaml.safe_dump) | st.sampled_from(ODD_YAML) | st.text(":-[]{}!&a ~\n'"))
def test_yaml_is_what_the_loader_makes_of_it(text: str):
    assume("*" not in text)  # which begins an alias
    expected = loaded(lambda text: yaml.load(text, osv.PlainTextLoader), text)
    assert loaded(osv._load_yaml, text) == expected


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
