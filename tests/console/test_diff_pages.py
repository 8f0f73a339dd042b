"""The pages of a diff: whole, in parts, one line, and display options."""

import re

import pytest
from django.test import Client

from reviews.models import APV
from tests.support.patches import TWO_FILES, many_files, many_lines

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
"""What a script sends."""


def new_apv(patch_diff: str) -> APV:
    return APV.objects.create(
        severity="HIGH", package_name="x", patch_strategy="version_bump", patch_diff=patch_diff
    )


def text_of(answer) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def page_of(client: Client, diff: str, query: str = "", **headers: str) -> str:
    return text_of(client.get(f"/apvs/{new_apv(diff).apv_code}/diff{query}", headers=headers))


def test_next_file_s_lines_stand_below_its_own_name(reviewer):
    page = page_of(reviewer, "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\n" + TWO_FILES)
    files = page.split('<section class="file"')[1:]
    first, second, third = (re.sub(r"<[^>]*>", "", one) for one in files)
    assert "old()" not in first
    assert "old()" in second
    assert "gone" in third
    assert "The header of this hunk counts 9 lines before and 9 after; it holds 1 and 1." in first
    assert "This diff contradicts itself in 1 place." in page


def test_names_are_decoded_and_shown_to_the_last_character(reviewer):
    name = '"b/caf\\303\\251\\n\\342\\200\\256.py"'
    page = page_of(reviewer, f"--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+x\n")
    assert "café⟨U+000A⟩⟨U+202E⟩.py" in page


def test_text_around_a_patch_is_shown_beside_no_number(reviewer):
    mail = "From 0123456789abcdef Mon Sep 17\nSubject: x\n\n- a point\n---\n x | 2 +-\n\n"
    page = page_of(reviewer, f"{mail}{TWO_FILES}-- \n2.47\n")
    around = page.split('<section class="around"')[1]
    assert "- a point" in around.partition("</section>")[0]
    assert "<strong>2 files</strong>" in page
    assert re.search(r'class="added">\+2</span> <span class="removed">−3<', page)


def test_long_file_is_read_on_by_a_link(reviewer):
    code = new_apv(many_lines(900)).apv_code
    first = text_of(reviewer.get(f"/apvs/{code}/diff"))
    (link,) = set(re.findall(r'<a href="([^"]*from=[^"]*)"', first))
    for headers, whole in (({}, True), (HTMX, False)):
        rest = text_of(reviewer.get(link.replace("&amp;", "&"), headers=headers))
        assert ("<html" in rest) is whole
        assert rest.count("<tr") == 1_801 - first.count("<tr")


def test_pages_of_a_diff_lead_to_all_its_files(reviewer):
    code = new_apv(many_files(250)).apv_code
    names, address = set(), f"/apvs/{code}/diff"
    while address:
        page = text_of(reviewer.get(address))
        assert len(page) < 400_000
        names |= set(re.findall(r"<h3><bdi>([^<]*)</bdi>", page))
        onward = re.search(r'href="([^"]*)">More files →', page)
        address = onward[1] if onward else ""
    assert len(names) == 250


@pytest.mark.parametrize("query", ["?view=unified", "?view=split", "?section=0", "?line=4"])
def test_code_and_names_are_never_taken_for_html(reviewer, query):
    tag = "<img src=x onerror=alert(1)>"
    page = page_of(
        reviewer, f"--- {tag}\n+++ {tag}\n@@ -1 +1 @@ {tag}\n-{tag}\n+{tag}\n{tag}\n", query
    )
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_line_is_shown_whole_and_as_text(reviewer):
    diff = f"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{'x' * 3_000}<script>\u202e\n"
    page = page_of(reviewer, diff)
    link = re.search(r'href="([^"]*line=4)"', page)
    assert link
    assert "script" not in page.partition("<main")[2].partition("</main>")[0].replace(
        "scripted", ""
    )
    line = text_of(reviewer.get(link[1]))
    assert f"+{'x' * 3_000}&lt;script&gt;⟨U+202E⟩" in line


@pytest.mark.parametrize("query", ["?section=9", "?line=0", "?line=99", "?line=-1"])
def test_part_that_is_not_there_is_not_found(reviewer, query):
    code = new_apv(TWO_FILES).apv_code
    assert reviewer.get(f"/apvs/{code}/diff{query}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["?first=x", "?first=-1", "?section=0&from=x", f"?first={'9' * 5000}", "?view=x&wrap=y"],
)
def test_numbers_that_are_none_are_taken_for_the_first(reviewer, query):
    assert "app.py" in page_of(reviewer, TWO_FILES, query)


def test_how_a_diff_is_shown_is_remembered(reviewer):
    code = new_apv(TWO_FILES).apv_code
    assert 'class="sections wrap"' in text_of(reviewer.get(f"/apvs/{code}"))
    reviewer.get(f"/apvs/{code}/diff?view=split&wrap=scroll")
    page = text_of(reviewer.get(f"/apvs/{code}"))
    assert 'class="diff split"' in page
    assert 'class="sections scroll"' in page
