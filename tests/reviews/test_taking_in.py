"""Pull requests that were read from a forge become APVs."""

import json
from typing import Any

import pytest

from audit.models import Entry
from forges.models import Repository
from realtime.models import Event
from reviews.models import APV
from tests.support.forge_rows import BUMP, pull_request, repository, tell
from tests.support.osv_documents import GHSA, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Repository:
    return repository()


def only() -> APV:
    return APV.objects.get()


def test_pull_request_of_a_bot_becomes_an_apv_with_its_evidence(shop: Repository) -> None:
    store(GHSA)
    checks = [
        {"name": "build", "state": "success", "url": "https://ci.example.com/1", "summary": ""}
    ]
    tell(pull_request(shop, checks=checks, labels=["security"]))
    apv = only()
    assert (apv.package_name, apv.package_version, apv.fixed_version) == (
        *("lodash", "4.17.20", "4.17.21"),
    )
    assert (apv.package_ecosystem, apv.cve_id, apv.severity) == ("npm", "CVE-2021-23337", "HIGH")
    assert apv.severity_source == "GHSA-35jh-r3h4-6jhm: CVSS_V3"
    assert (apv.pr_number, apv.pr_branch) == (7, "dependabot/npm_and_yarn/lodash-4.17.21")
    assert apv.pr_url == "https://git.example.com/shop/web/pull/7"
    assert apv.patch_diff == BUMP
    assert apv.head_commit == "a" * 40
    assert apv.validation_passed is True
    assert apv.validation_warnings == []
    assert [one["package"] for one in apv.changes] == ["lodash"]
    assert apv.advisories == [
        {
            "id": "GHSA-35jh-r3h4-6jhm",
            "aliases": ["CVE-2021-23337"],
            "severity": "HIGH",
            "score": 7.2,
            "summary": "Command Injection in lodash",
        }
    ]
    assert (apv.revision, apv.status, apv.submitted_by) == (1, "pending", None)
    entry = Entry.objects.get(action="apvs_added")
    assert json.loads(entry.details)["pull_request"] == f"{shop.forge.name}/shop/web#7"
    assert Event.objects.filter(channel="apvs").count() == 1


def test_one_that_fixes_nothing_known_says_so_or_is_not_taken_in(shop: Repository) -> None:
    tell(pull_request(shop))
    apv = only()
    assert (apv.severity, apv.priority, apv.cve_id) == ("LOW", 2, None)
    assert apv.severity_source == "It fixes no advisory that is known here: low by default."
    strict = repository(takes_unfixing=False)
    tell(pull_request(strict))
    assert APV.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "rules", "taken"),
    [
        ({"author": "mallory"}, {}, False),
        ({"author": "mallory", "labels": ["Bot"]}, {"labels": ["bot"]}, True),
        ({"author": "mallory", "head_ref": "fix/x"}, {"branches": ["fix/*"]}, True),
        (
            {"author": "mallory", "head_ref": "fix/x", "from_fork": True},
            {"branches": ["fix/*"]},
            False,
        ),
        ({"author": "mallory", "message": "Author: dependabot[bot]"}, {}, False),
        ({"author": "house-bot"}, {}, True),
        ({"state": "closed"}, {}, False),
        ({"state": "merged"}, {}, False),
    ],
)
def test_rules_of_the_repository_say_which_are_taken_in(
    fields: dict[str, Any], rules: dict[str, Any], taken: bool, settings: Any
) -> None:
    settings.HITL_BOTS = ["house-bot"]
    tell(pull_request(repository(**rules), **fields))
    assert APV.objects.exists() is taken


def test_nothing_in_a_pull_request_chooses_its_address_or_another_apv(shop: Repository) -> None:
    other = APV.objects.create(severity="LOW", package_name="x", patch_strategy="version_bump")
    for number, url in enumerate(
        [
            "https://evil.example.com/shop/web/pull/1",
            "https://git.example.com/shop/web/pull/999",
            "javascript:alert(1)",
            "https://git.example.com@evil.example.com/shop/web/pull/4",
        ],
        start=1,
    ):
        title = f"{other.apv_code} GHSA-xxxx-xxxx-xxxx: APV-2026-001"
        tell(pull_request(shop, number, url=url, title=title))
    mine = APV.objects.exclude(pk=other.pk)
    assert mine.count() == 4
    assert {apv.pr_url for apv in mine} == {""}
    assert all("The address is left out" in apv.validation_warnings[0] for apv in mine)
    other.refresh_from_db()
    assert other.version == 1


def test_overfull_pull_request_is_cut_and_says_so(shop: Repository) -> None:
    lines = [f'-    "package-{n}": "1.0.0",\n+    "package-{n}": "1.0.1",\n' for n in range(500)]
    head = BUMP.split("@@")[0]
    diff = f'{head}@@ -1,502 +1,502 @@\n {{\n   "dependencies": {{\n{"".join(lines)}'
    checks = [
        {
            "name": f"\u202echeck {n}" * 100,
            "state": "failure",
            "url": "javascript:1",
            "summary": "s" * 9000,
        }
        for n in range(400)
    ]
    wide = pull_request(
        shop,
        title="\u202e" + "t" * 10_000,
        body="b" * 100_000,
        head_ref="f" * 1000,
        author="dependabot[bot]",
        labels=["l" * 255] * 100,
        diff=diff,
        checks=checks,
    )
    tell(wide)
    apv = only()
    assert len(apv.changes) == 500
    assert len(apv.pr_branch) == 255
    assert "The name of the branch is cut: it is too long." in apv.validation_warnings
    assert len(apv.validation_warnings) <= 200
    assert "more warnings" in apv.validation_warnings[-1]
    assert {one["url"] for one in apv.checks} == {""}
    assert apv.validation_passed is False
    apv.full_clean()


def test_diff_that_is_too_long_or_unread_is_left_out_and_says_so(shop: Repository) -> None:
    tell(pull_request(shop, 1, diff=BUMP + "+x" * 2**20))
    tell(pull_request(shop, 2, diff="", diff_problem="The forge said no."))
    long, unread = APV.objects.order_by("pr_number")
    assert long.patch_diff == unread.patch_diff == ""
    assert any("bytes, more than" in one for one in long.validation_warnings)
    assert "The diff could not be read: The forge said no." in unread.validation_warnings


@pytest.mark.parametrize(
    ("states", "passed", "warned"),
    [
        ([], False, 0),
        (["success"], True, 0),
        (["success", "skipped"], True, 0),
        (["skipped"], False, 0),
        (["success", "failure"], False, 1),
        (["success", "pending"], False, 1),
    ],
)
def test_checks_tell_whether_validation_passed(
    shop: Repository, states: list[str], passed: bool, warned: int
) -> None:
    checks = [{"name": one, "state": one, "url": "", "summary": ""} for one in states]
    tell(pull_request(shop, checks=checks))
    assert only().validation_passed is passed
    assert len(only().validation_warnings) == warned
