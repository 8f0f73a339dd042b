"""No APV's contents break a page: what cannot be shown is reported, and sizes are limited."""

import json
from typing import Any

import pytest
from django.test import Client

from reviews.api.fields import NUMBER_MAX
from reviews.console import pages
from reviews.console.evidence import Evidence
from reviews.console.rows import Row
from reviews.console.wargame import MOST_CHANGES, findings_in
from reviews.models import APV
from tests.support.in_process import client_of, new_apv

pytestmark = pytest.mark.django_db

HUGE: list[Any] = [10**400, -(10**400), 10**4000, 1.7e308, 5e-324, 10**308, 1e300, True, None]
SIZE = 170_000


def broken(*_arguments: object) -> Any:
    raise OverflowError("integer division result too large for a float")


@pytest.mark.parametrize("huge", HUGE, ids=lambda one: str(one)[:8])
@pytest.mark.parametrize("other", [1.5, 0, 10**400, "text", [1]], ids=lambda one: str(one)[:4])
def test_evidence_that_is_stored_already_takes_away_no_page(huge: Any, other: Any) -> None:
    one = new_apv(severity="CRITICAL", wargame_evidence={"x_before": huge, "x_after": other})
    reader = client_of("reviewers")
    for address in ("/", f"/apvs/{one.apv_code}", f"/apvs/{one.apv_code}.json"):
        answer = reader.get(address)
        assert answer.status_code == 200
        assert "cannot be shown" not in answer.content.decode()


@pytest.mark.parametrize("evidence", [[], [1, 2], "text", 7, {"a_before": 1}, {"": ""}], ids=str)
def test_evidence_of_any_kind_is_shown(evidence: Any) -> None:
    one = new_apv(wargame_evidence=evidence)
    page = client_of("reviewers").get(f"/apvs/{one.apv_code}").content.decode()
    assert "cannot be shown" not in page


@pytest.mark.parametrize("number", [10**400, -(10**301), 2e300], ids=lambda one: str(one)[:5])
def test_number_that_nobody_can_reckon_with_is_refused_by_name(number: Any) -> None:
    given = {"severity": "LOW", "patch_strategy": "version_bump", "package_name": "requests"}
    body = {**given, "wargame_evidence": {"deep": [{"x": number}]}}
    answer = client_of("pipelines").post("/hitl/apvs", json.dumps(body), "application/json")
    assert answer.status_code == 400
    assert "Numbers must lie between" in answer.json()["errors"]["wargame_evidence"][0]


def test_greatest_number_that_is_taken_can_be_drawn() -> None:
    (change,) = findings_in({"x_before": NUMBER_MAX, "x_after": int(NUMBER_MAX)}).changes
    assert (change.before_percent, change.after_percent) == (100, 100)


def test_row_that_cannot_be_drawn_is_drawn_as_such_and_the_others_stand(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = new_apv(severity="CRITICAL"), new_apv()
    monkeypatch.setattr(
        Row, "waiting", property(lambda row: broken() if row.apv == bad else "< 1 min")
    )
    reader = client_of("reviewers")
    for address in ("/", "/queue/rows"):
        page = reader.get(address).content.decode()
        assert page.count("This row cannot be shown.") == 1
        assert f'href="/apvs/{bad.apv_code}"' in page
        assert f'id="apv-{good.apv_id}"' in page
    assert bad.apv_code in caplog.text


@pytest.mark.parametrize("name", ["signals", "wargame", "groups_of", "invisible"])
def test_part_of_an_apv_that_cannot_be_drawn_takes_away_nothing_else(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    one = new_apv(patch_diff="--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    monkeypatch.setattr(Evidence, name, property(broken))
    for address in ("/", f"/apvs/{one.apv_code}"):
        answer = client_of("reviewers").get(address)
        assert answer.status_code == 200
        assert f"A part of {one.apv_code} cannot be shown." in answer.content.decode()
        assert 'id="decision-form"' in answer.content.decode()


@pytest.mark.parametrize("name", ["seen", "diff_of", "related"])
def test_apv_that_cannot_be_read_leaves_the_list_beside_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    one, other = new_apv(severity="CRITICAL"), new_apv()
    monkeypatch.setattr(pages, name, broken)
    reader = client_of("reviewers")
    for address in ("/", f"/apvs/{one.apv_code}"):
        page = reader.get(address).content.decode()
        assert f"{one.apv_code} cannot be shown" in page
        assert f'id="apv-{other.apv_id}"' in page
        assert f'href="/apvs/{one.apv_code}.json"' in page
    part = reader.get(f"/apvs/{one.apv_code}", headers={"HX-Request": "true"})
    assert f"{one.apv_code} cannot be shown" in part.content.decode()


NEST: Any = 1
for _level in range(48):
    NEST = [NEST]
EVIDENCE: dict[str, Any] = {
    "pairs": {f"{side}{n}": n for n in range(5_000) for side in ("before", "after")},
    "keys": {f"k{n}": n for n in range(15_000)},
    "nested": {"a": [NEST] * (SIZE // 100)},
    "empty": {"a": [[]] * (SIZE // 4)},
    "one long text": {"a": "<" * SIZE},
    "invisible": {"a": "\u202e" * (SIZE // 3)},
    "long keys": {f"{n}{'_' * 5_000}": 1 for n in range(34)},
}


@pytest.mark.parametrize("kind", EVIDENCE)
def test_page_stays_small_whatever_the_evidence_is(kind: str) -> None:
    reader = client_of("reviewers")
    plain, full = new_apv(), new_apv(wargame_evidence=EVIDENCE[kind])
    size = len(reader.get(f"/apvs/{full.apv_code}").content)
    assert size < len(reader.get(f"/apvs/{plain.apv_code}").content) + 2 * SIZE
    whole = reader.get(f"/apvs/{full.apv_code}.json")
    assert whole.json()["wargame_evidence"] == EVIDENCE[kind]
    assert "attachment" in whole["Content-Disposition"]


def test_what_is_left_out_is_counted_and_can_be_downloaded() -> None:
    one = new_apv(
        wargame_evidence=EVIDENCE["keys"],
        affected_files=[f"f{n}" for n in range(150)],
        validation_warnings=[f"w{n}" for n in range(51)],
    )
    page = client_of("reviewers").get(f"/apvs/{one.apv_code}").content.decode()
    assert "14,950 more results are in the raw evidence." in page
    assert "This is the beginning; the file has all of it." in page
    assert "and 50 more," in page
    assert "and 1 more," in page
    assert len(findings_in(EVIDENCE["pairs"]).changes) == MOST_CHANGES


def test_lists_of_decided_apvs_stand_with_them_too(client: Client) -> None:
    one = new_apv(wargame_evidence={"x_before": 10**400, "x_after": 1.5})
    APV.objects.filter(pk=one.pk).update(status="approved")
    reader = client_of("reviewers")
    assert reader.get("/?status=decided").status_code == 200
    assert reader.get(f"/apvs/{one.apv_code}").status_code == 200
