"""The page of an APV: its fields, its evidence, its diff, and who else reads it."""

import re

import pytest
from django.utils import timezone

from reviews import presence
from reviews.console.apv_fields import GROUPS
from reviews.models import APV, ILLUSTRATIVE, Reading
from tests.support.in_process import new_apv
from tests.support.pages import decide, text_of
from tests.support.site import DIFF

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


# -- An APV -----------------------------------------------------------------------------------


def test_page_of_an_apv_shows_every_field():
    shown = [name for _, names in GROUPS for name in names]
    assert sorted(shown) == sorted(field.name for field in APV._meta.concrete_fields)


def test_nothing_from_outside_is_taken_for_html(reviewer):
    apv = new_apv(
        cve_title=SCRIPT,
        cve_description=SCRIPT,
        package_name=SCRIPT,
        package_version=SCRIPT,
        package_ecosystem=SCRIPT,
        fixed_version=SCRIPT,
        vulnerable_code_signature=SCRIPT,
        vulnerable_code_type=SCRIPT,
        affected_files=[SCRIPT],
        patch_description=SCRIPT,
        patch_diff=f"+{SCRIPT}\n--- {SCRIPT}\n@@ {SCRIPT}\n {SCRIPT}",
        validation_warnings=[SCRIPT],
        pr_url='https://example.com/"><script>alert(1)</script>',
        pr_branch=SCRIPT,
        wargame_run_url='https://example.com/"><script>alert(1)</script>',
        wargame_evidence={SCRIPT: [SCRIPT]},
    )
    queue = reviewer.get("/")
    draft = decide(reviewer, apv, decision=SCRIPT, justification=SCRIPT, modifications=SCRIPT)
    decide(reviewer, apv, justification=SCRIPT, decision="escalate", modifications=f"a: {SCRIPT}")
    kept = decide(reviewer, apv, justification=SCRIPT, modifications=f"{SCRIPT}: {SCRIPT}")
    for answer in (
        queue,
        draft,
        kept,
        reviewer.get(f"/apvs/{apv.apv_code}"),
        reviewer.get(f"/queue/rows?ids={new_apv(package_name=SCRIPT).pk}"),
    ):
        assert "alert(1)" in answer.content.decode()
        assert "<script>" not in answer.content.decode()


def test_pages_hold_no_inline_script_or_style(reviewer):
    apv = new_apv(patch_diff="+new\n-old\n")
    for path in ("/", f"/apvs/{apv.apv_code}", "/sign-in"):
        page = reviewer.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", page)
        assert not re.search(r'(?:src|<link[^>]* href)="(?!/)', page)


def test_characters_that_hide_code_are_shown_by_name(reviewer):
    apv = new_apv(patch_diff="+if admin\u202e:\n")
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "if admin⟨U+202E⟩:" in page
    assert "1 invisible or direction-changing character," in page


def signals_on(answer) -> dict[str, str]:
    """Return the words that summarise the APV."""
    found = text_of(answer).partition('<dl class="signals">')[2].partition("</dl>")[0]
    said = dict(re.findall(r"<dt>([^<]+)</dt><dd><span[^>]*>([^<]+)</span>", found))
    for name in re.findall(r"<dt>Not run</dt><dd>([^<]+)", found):
        said |= dict.fromkeys(name.split(", "), "Not run")
    return said


@pytest.mark.parametrize(
    ("fields", "validation", "confirmation"),
    [
        ({}, "Not run", "Not run"),
        ({"validation_confidence": 0.3, "static_confidence": 0.2}, "Not passed", "Not confirmed"),
        ({"validation_warnings": ["3 tests fail"]}, "Not passed", "Not run"),
        ({"validation_warnings": [ILLUSTRATIVE]}, "Not run", "Not run"),
        ({"validation_passed": True, "confirmed": True}, "Passed", "Confirmed"),
    ],
)
def test_what_was_not_run_is_not_called_a_failure(reviewer, fields, validation, confirmation):
    answer = reviewer.get(f"/apvs/{new_apv(**fields).apv_code}")
    signals = signals_on(answer)
    assert (signals["Validation"], signals["Confirmation"]) == (validation, confirmation)
    assert signals["Wargame"] == "Not run"
    facts = len(re.findall(r"<bdi>Not run</bdi>", text_of(answer)))
    assert facts == [validation, confirmation].count("Not run")


def test_diff_that_is_no_project_s_is_not_shown_as_one(reviewer):
    imported, own = new_apv(validation_warnings=[ILLUSTRATIVE]), new_apv()
    notice = f'<p class="notice warn">{ILLUSTRATIVE}</p>'
    assert notice in text_of(reviewer.get(f"/apvs/{imported.apv_code}"))
    assert "illustrative" not in text_of(reviewer.get(f"/apvs/{own.apv_code}"))


def test_number_of_warnings_leads_to_them(reviewer):
    page = text_of(reviewer.get(f"/apvs/{new_apv(validation_warnings=['a', 'b']).apv_code}"))
    assert '<dd><a href="#panel-validation">2</a></dd>' in page
    assert 'id="panel-validation"' in page


def test_huge_diff_is_shown_in_parts_to_its_last_line(reviewer):
    apv = new_apv(patch_diff="+a\n" * 300_000 + "+<last>\n")
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    assert f'<a href="/apvs/{apv.apv_code}/diff">Show the diff' in page
    for headers in ({}, {"HX-Request": "true"}):
        first = reviewer.get(f"/apvs/{apv.apv_code}/diff", headers=headers).content.decode()
        assert "section=0&amp;from=1000" in first
        last = f"/apvs/{apv.apv_code}/diff?section=0&from=300000"
        shown = reviewer.get(last, headers=headers).content.decode()
        assert "&lt;last&gt;" in shown
        assert "Show more lines" not in shown
        assert max(map(len, (page, first, shown))) < 400_000


def test_diff_is_given_as_it_came_for_other_tools(reviewer):
    apv = new_apv(patch_diff="+if admin\u202e:\r\n")
    answer = reviewer.get(f"/apvs/{apv.apv_code}.diff")
    assert answer.content.decode() == apv.patch_diff
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f'filename="{apv.apv_code}.diff"' in answer.headers["Content-Disposition"]


def test_view_of_the_diff_is_remembered(reviewer):
    apv = new_apv(patch_diff=DIFF)
    assert '<div id="diff" class="diff unified">' in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    reviewer.get(f"/apvs/{apv.apv_code}/diff?view=split&space=ignored")
    assert '<div id="diff" class="diff split">' in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))


def test_vector_and_weaknesses_are_spelled_out(reviewer):
    apv = new_apv(
        cvss_score=9.8,
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:L/A:N",
        cwe_ids=["CWE-79"],
    )
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    found = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page.partition("metrics")[2])
    assert dict(found[:8]) == {
        "Attack vector": "Network",
        "Attack complexity": "Low",
        "Privileges required": "None",
        "User interaction": "Required",
        "Scope": "Changed",
        "Confidentiality": "High",
        "Integrity": "Low",
        "Availability": "None",
    }
    assert ">CWE-79</a> Cross-site Scripting" in page


def test_wargame_is_shown_before_and_after(reviewer):
    apv = new_apv(
        wargame_verdict="partial",
        wargame_evidence={"exploits_before_patch": 8, "exploits_after_patch": 2, "tests_run": 40},
    )
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "<caption>Exploits</caption>" in page
    assert re.search(r'Before</th>.*width="100.0".*>8<.*After</th>.*width="25.0".*>2<', page, re.S)
    assert re.search(r"<dt>Tests run</dt><dd><bdi>40</bdi>", page)


# -- Who else is here -------------------------------------------------------------------------


def test_readers_are_told_of_each_other_until_they_leave_or_fall_silent(reviewer, lead):
    apv, other = new_apv(), new_apv()
    address = f"/apvs/{apv.apv_code}/reading"
    state = {"version": 1, "open": True, "status": "pending", "changes": 0}
    assert reviewer.post(address).json() == {**state, "others": []}
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    assert lead.post(f"/apvs/{other.apv_code}/reading").json()["others"] == []
    assert reviewer.post(address, {"left": ""}).status_code == 204
    assert lead.post(address).json()["others"] == []
    reviewer.post(address)
    Reading.objects.update(seen_at=timezone.now() - presence.FORGOTTEN)
    assert lead.post(address).json()["others"] == []
    assert presence.FORGOTTEN.total_seconds() + presence.BEAT_SECONDS < 15


def test_reader_has_left_with_the_last_tab(reviewer, lead):
    address = f"/apvs/{new_apv().apv_code}/reading"
    for tab in ("one", "two"):
        assert reviewer.post(address, {"tab": tab}).json()["others"] == []
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    reviewer.post(address, {"tab": "one", "left": ""})
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    reviewer.post(address, {"tab": "two", "left": ""})
    assert lead.post(address).json()["others"] == []


@pytest.mark.parametrize("tab", ["x" * 37, "a b", "\0", "<b>", "é", "\n"])
@pytest.mark.parametrize("more", [{}, {"left": ""}])
def test_text_that_names_no_tab_is_refused(reviewer, tab, more):
    answer = reviewer.post(f"/apvs/{new_apv().apv_code}/reading", {"tab": tab, **more})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["tab"])
    assert not Reading.objects.exists()
