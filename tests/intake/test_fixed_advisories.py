"""What a pull request fixes: stored advisories that affect from and not to."""

from typing import Any

import pytest

from reviews.intake import Change
from reviews.models import Advisory
from reviews.pull_requests.fixed_advisories import Fixed, fixed_advisories
from tests.support.osv_documents import store

pytestmark = pytest.mark.django_db


def stored(osv_id: str, name: str = "lodash", ecosystem: str = "npm", **more: Any) -> None:
    """Keep an advisory: by default one that 1.2.0 fixes."""
    events = [{"introduced": "0"}, {"fixed": "1.2.0"}]
    affected = {
        "package": {"name": name, "ecosystem": ecosystem},
        "ranges": [{"type": "ECOSYSTEM", "events": more.pop("events", events)}],
        "versions": more.pop("versions", []),
    }
    store({"id": osv_id, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more})


def change(
    old: str | None, new: str | None, name: str = "lodash", ecosystem: str = "npm"
) -> Change:
    return Change(name, ecosystem, old, new, True, "package.json")


def ids(*changes: Change) -> list[str]:
    return [one.id for one in fixed_advisories(changes)]


def test_nothing_is_stored_and_nothing_is_fixed() -> None:
    assert ids(change("1.0.0", "1.2.0")) == []
    assert fixed_advisories([]) == []


def test_an_advisory_is_told_with_its_severity() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    stored(
        "GHSA-1",
        aliases=["CVE-2026-1"],
        summary="A flaw.",
        severity=[{"type": "CVSS_V3", "score": vector}],
    )
    assert fixed_advisories([change("1.0.0", "1.2.0")]) == [
        Fixed("GHSA-1", ["CVE-2026-1"], "CRITICAL", 9.8, "A flaw.")
    ]


@pytest.mark.parametrize(
    ("old", "new", "is_fixed"),
    [
        ("1.1.9", "1.2.0", True),
        ("1.1.9", "1.1.10", False),  # still affected
        ("1.2.0", "1.3.0", False),  # was not
        ("1.3.0", "1.1.0", False),  # a downgrade into it
        ("1.1.0", None, True),  # removed
        (None, "1.2.0", False),  # added
        ("^1.0.0", "^1.2.0", True),
        ("^1.0.0", "^1.1.0", False),  # 1.1.0 may still be taken
        ("<1.2", "<1.3", False),
        ("1.0.0", "1abcdef0", False),  # a commit: who knows
        ("1.0.0", "main", False),
        (">=1.0,<2", "*", False),
    ],
)
def test_it_affects_from_and_not_to(old: str | None, new: str | None, is_fixed: bool) -> None:
    stored("GHSA-1")
    assert ids(change(old, new)) == ["GHSA-1"] * is_fixed


def test_a_package_that_stays_affected_in_another_place_is_not_fixed() -> None:
    stored("GHSA-1")
    assert ids(change("1.0.0", "1.2.0"), change("0.1.0", "0.2.0")) == []


@pytest.mark.parametrize(
    "ecosystem",
    ["npm", "PyPI", "Go", "Maven", "RubyGems", "crates.io", "Packagist", "NuGet", "GitHub Actions"],
)
def test_every_ecosystem_has_its_order(ecosystem: str) -> None:
    stored("GHSA-1", "a/b", ecosystem)
    assert ids(change("1.1.10", "1.2.0", "a/b", ecosystem)) == ["GHSA-1"]
    assert ids(change("1.1.1", "1.1.10", "a/b", ecosystem)) == []


def test_the_gravest_comes_first() -> None:
    for osv_id, word in [("A", "LOW"), ("B", "CRITICAL"), ("C", ""), ("D", "HIGH")]:
        stored(osv_id, database_specific={"severity": word})
    assert ids(change("1.0.0", "1.2.0")) == ["B", "D", "A", "C"]


def test_withdrawn_advisories_and_other_packages_do_not_count() -> None:
    stored("GHSA-1", withdrawn="2026-02-01T00:00:00Z")
    stored("GHSA-2", ecosystem="PyPI")
    stored("GHSA-3", name="lodash-es")
    assert ids(change("1.0.0", "1.2.0")) == []


def test_names_are_the_same_in_any_spelling_of_the_registry() -> None:
    stored("PYSEC-1", name="Sphinx.Ext_A", ecosystem="PyPI")
    assert ids(change("1.0", "1.2", "sphinx-ext-a", "PyPI")) == ["PYSEC-1"]


def test_listed_versions_may_have_a_v() -> None:
    stored("GHSA-1", "a/b", "Packagist", versions=["v1.1.0"], events=[])
    assert ids(change("1.1.0", "1.2.0", "a/b", "Packagist")) == ["GHSA-1"]


def test_tags_that_move_are_no_versions() -> None:
    stored("GHSA-1", "a/b", "GitHub Actions")
    assert ids(change("1", "2", "a/b", "GitHub Actions")) == []
    assert ids(change("1.1.0", "2.0.0", "a/b", "GitHub Actions")) == ["GHSA-1"]


def test_an_advisory_is_found_by_every_package_that_it_names_and_no_longer_by_others() -> None:
    stored("GHSA-1", "a")
    assert Advisory.objects.get().packages == ["npm:a"]
    stored("GHSA-1", "b", modified="2026-03-01T00:00:00Z")
    assert Advisory.objects.get().packages == ["npm:b"]
    assert ids(change("1.0.0", "1.2.0", "a")) == []
    assert ids(change("1.0.0", "1.2.0", "b")) == ["GHSA-1"]


def test_very_long_names_are_stored() -> None:
    stored("GHSA-1", "é" * 1000)
    assert ids(change("1.0.0", "1.2.0", "é" * 1000)) == ["GHSA-1"]
