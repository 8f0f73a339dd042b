"""Pages show no invisible character, and mark letters that pass for others."""

import html
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from audit import entries
from audit.choices import AuditAction
from reviews.console.invisible_characters import (
    count_invisible,
    prose,
    reveal,
    reveal_in_name,
    reveal_on_page,
)
from reviews.console.lookalikes import passing_in_name, passing_in_words
from reviews.models import APV
from reviews.services import decide
from reviews.templatetags.shown import identifier, identifier_text
from reviews.templatetags.shown import prose as prose_filter
from tests.support.invisible_characters import (
    HIDDEN,
    IGNORABLE,
    MIXED,
    TEXT,
    apv_with_invisible,
    raw_on,
)


def test_every_ignorable_character_and_every_unusual_space_is_revealed() -> None:
    hidden = [chr(code) for code in IGNORABLE]
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind[0] in "CZ" and chr(code) not in " \t\n":
            hidden.append(chr(code))
    assert [one for one in hidden if reveal(f"a{one}b") != f"a⟨U+{ord(one):04X}⟩b"] == []
    assert count_invisible("".join(hidden[:5_000])) == 5_000
    assert [one for one in hidden if reveal_on_page(f" {one} ") != f" {reveal(one)} "] == []


def test_text_in_any_script_is_shown_as_it_is() -> None:
    for text in (
        "def f():\n\treturn 1",
        "café — “naïve”",
        "日本語",
        "Новости",
        "हिन्दी",
        "עברית",
        "🙂",
    ):
        assert reveal(text) == text
        assert count_invisible(text) == 0


def test_carriage_returns_are_seen_but_for_those_that_end_lines_of_a_page() -> None:
    assert reveal("a\rb\r\n") == "a⟨U+000D⟩b⟨U+000D⟩\n"
    assert reveal_on_page("<p>a\r\nb\rc</p>") == "<p>a\nb⟨U+000D⟩c</p>"


def test_marks_that_would_be_drawn_over_other_lines_are_revealed() -> None:
    assert reveal("e" + "\u0301" * 6) == "e" + "\u0301" * 4 + "⟨U+0301⟩" * 2


def test_spaces_and_line_ends_are_seen_in_names() -> None:
    assert reveal_in_name(" a  b\tc\nd ") == "␣a␣␣b⟨U+0009⟩c⟨U+000A⟩d␣"
    assert reveal_in_name("Web Crawler") == "Web Crawler"


@pytest.mark.parametrize(
    "text", ["❤️", "👩🏽‍💻", "🏳️‍🌈", "1️⃣", "می‌خواهم", "क्‍ष"], ids=lambda text: ascii(text)
)
def test_prose_keeps_what_an_emoji_or_a_script_needs(text: str) -> None:
    shown = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), reveal_on_page(prose(text)))
    assert shown == text
    assert "⟨U+" in str(identifier(text))


@pytest.mark.parametrize("text", ["a\u200db", "a\ufe0f", "❤\ufe0f\ufe0f", "🏴\U000e0067", "\u200c"])
def test_prose_reveals_joiners_that_nothing_needs(text: str) -> None:
    assert "⟨U+" in prose(text)


def test_prose_is_escaped() -> None:
    assert prose("<b>&\u202e é") == "&lt;b&gt;&amp;⟨U+202E⟩ é"


@pytest.mark.parametrize(
    "text",
    [
        *(MIXED, "p\u0430ypal", "\u0430\u0440\u0435", "n\u03bfde", "\u13aa\u13f4"),  # of a script
        *("\u0261et", "g\u0131t", "\uff52equests", "\U0001d42bequests"),  # Latin, nearly
        *("goo\u2044gle", "1\u20240", "1\u0660", "a\u2215b", "x\u2013y"),  # signs and digits
    ],
    ids=ascii,
)
def test_what_passes_for_another_character_in_a_name_is_marked_and_named(text: str) -> None:
    (first, *_others) = sorted(passing_in_name(text))
    name = unicodedata.name(text[first])
    assert f'<mark class="lookalike" title="{text[first]} {name}">' in identifier(text)
    assert name in re.sub("<[^>]*>", "", identifier(text))
    assert name in identifier_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "requests",
        "новости",
        "отчёт.txt",
        "ελληνικά",
        "日本語abc",
        "ひらカタ漢",
        "한국漢",
        "café",
        "naïve",
    ],
)
def test_name_in_one_script_is_shown_as_it_is(text: str) -> None:
    assert passing_in_name(text) == set()
    assert identifier(text) == text


def test_words_of_code_are_told_apart_and_its_signs_left_alone() -> None:
    assert passing_in_words("import r\u0435quests # “quoted” – привет") == {8}


def test_letters_that_pass_for_others_in_a_diff_are_marked_and_told_above_it(
    admin: Client,
) -> None:
    diff = f"--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-import requests\n+import {MIXED}\n"
    given = {"severity": "HIGH", "patch_strategy": "version_bump", "package_name": "requests"}
    one = APV.objects.create(patch_diff=diff, **given)
    page = admin.get(f"/apvs/{one.apv_code}").content.decode()
    name = "\u0435 CYRILLIC SMALL LETTER IE"
    assert page.count(f'r<mark class="lookalike" title="{name}">\u0435</mark>quests') == 2
    assert "Letters in the diff look like others:" in page


def test_marks_of_one_page_are_bounded(admin: Client) -> None:
    line = "a\u0430" * 900
    given = {"severity": "HIGH", "patch_strategy": "version_bump", "package_name": "requests"}
    diff = "--- a/x.py\n+++ b/x.py\n@@ -0,0 +1,20 @@\n" + f"+{line}\n" * 20
    one = APV.objects.create(patch_diff=diff, affected_files=[line[:1_000]] * 900, **given)
    for address in (f"/apvs/{one.apv_code}", f"/apvs/{one.apv_code}/diff"):
        assert admin.get(address).content.decode().count("<mark") < 10_000


def test_prose_marks_letters_that_pass_for_others() -> None:
    assert prose_filter(f"{MIXED} \u202e <b>") == (
        'r<mark class="lookalike" title="\u0435 CYRILLIC SMALL LETTER IE">\u0435</mark>quests '
        "⟨U+202E⟩ &lt;b&gt;"
    )


def test_control_keeps_what_was_typed_and_notes_what_is_not_seen() -> None:
    page = f'<input value="{HIDDEN}"><textarea>{HIDDEN}</textarea><p title="{HIDDEN}">'
    shown = reveal_on_page(page)
    assert shown.startswith(f'<input value="{HIDDEN}"><textarea>{HIDDEN}</textarea><p title="⟨U+')


# -- Every page ---------------------------------------------------------------------------------


@pytest.fixture
def admin(db: None) -> Client:
    user = User.objects.create_superuser("root", first_name=TEXT, last_name=TEXT)
    user.groups.add(Group.objects.create(name=TEXT))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def added(admin: Client) -> list[APV]:
    """APVs with invisible characters in every field: one pending, and one for each decision."""
    given = {"severity": "HIGH", "patch_strategy": "version_bump", "pr_number": 7}
    found = [APV.objects.create(**given, **apv_with_invisible()) for _ in range(5)]
    for one, kind in zip(found[1:], ["approve", "reject", "modify", "escalate"], strict=True):
        decide(
            apv_id=one.pk,
            decision=kind,
            justification=TEXT * 2,
            reviewer=User.objects.get(username="root"),
            modifications={TEXT: TEXT, "nested": {TEXT: [TEXT]}},
        )
    entries.record(AuditAction.EXPORTED, TEXT, asked=TEXT)
    return found


def addresses(added: list[APV]) -> Iterator[str]:
    yield from ("/", "/?status=escalated", "/?status=decided", "/queue/rows?status=decided")
    yield from (f"/?search={TEXT}", "/numbers")
    yield from (
        f"/?package_ecosystem={TEXT}",
        "/queue",
        "/queue/rows",
        "/queue/rows?status=decided",
    )
    yield from ("/signed-in", f"/nothing/{TEXT}", f"/sign-in?next=/{TEXT}")
    for one in added:
        address = f"/apvs/{one.apv_code}"
        yield from (address, f"{address}/diff?view=split", f"{address}/diff?view=unified")
        yield from (f"{address}/related", f"/admin/reviews/apv/{one.pk}/change/")
        yield from (f"/admin/reviews/apv/{one.pk}/history/", f"/admin/reviews/apv/{one.pk}/decide/")
    for name in (
        "reviews/apv",
        "reviews/decision",
        "audit/entry",
        "auth/user",
        "auth/group",
    ):
        yield from (f"/admin/{name}/", f"/admin/{name}/?q={TEXT}")
    user, group = User.objects.get(username="root"), Group.objects.get(name=TEXT)
    yield from ("/admin/", f"/admin/auth/user/{user.pk}/change/")
    yield from (f"/admin/auth/group/{group.pk}/change/", f"/admin/auth/group/{group.pk}/delete/")


def test_no_page_shows_anything_that_is_not_seen(admin: Client, added: list[APV]) -> None:
    for address in addresses(added):
        for headers in ({}, {"HX-Request": "true"}):
            answer: Any = admin.get(address, headers=headers)
            assert answer.status_code in {200, 302, 404}, address
            page = answer.content.decode()
            assert raw_on(page) == [], address
            assert "⟨U+" in page or TEXT not in address, address


def test_refused_forms_show_nothing_that_is_not_seen(admin: Client, added: list[APV]) -> None:
    form = {"decision": TEXT, "justification": TEXT, "confidence": TEXT, "modifications": TEXT}
    for one in added:
        answer = admin.post(f"/apvs/{one.apv_code}", form)
        assert raw_on(answer.content.decode()) == []
        seen = {"seen": f'{{"package_name": "{TEXT[:9]}"}}'}
        changed = admin.post(f"/apvs/{one.apv_code}/changes", seen)
        assert raw_on(changed.content.decode()) == []
    answer = Client().post("/sign-in", {"username": TEXT, "password": TEXT})
    assert raw_on(answer.content.decode()) == []


def test_mixed_scripts_are_named_in_rows_in_the_reading_pane_and_in_titles(
    admin: Client, added: list[APV]
) -> None:
    note = "\u0435 CYRILLIC SMALL LETTER IE"
    listed = admin.get("/queue/rows").content.decode()
    assert f"{note}</small>" in listed
    page = admin.get(f"/apvs/{added[0].apv_code}").content.decode()
    title = re.search("<title>(.*?)</title>", page, re.DOTALL)
    assert title is not None
    assert note in title[1]
    assert page.count(f"{note}</small>") > 8  # package, versions, branch, addresses, files …


def test_admin_notes_what_is_not_seen_in_a_control(admin: Client, added: list[APV]) -> None:
    page = admin.get(f"/admin/reviews/apv/{added[0].pk}/change/").content.decode()
    assert page.count('class="control-note"') >= 8


PROSE = (
    "1ª versão, 2º lugar, n.º 5: correção não aplicada",
    "Größe der Straße – „Zitat“, z.\u00a0B. 10\u202f%",
    "データベースのエラー、時々。ＡＰＩを使う\u3000コード",
    "한국어 문장입니다. API를 호출",
    "استخدام الAPI من هنا، اه",
    "Старый сорт: рис, сок и рог из OpenSSL",
    "Ελληνικά κείμενο για το TLS",
    "Güvenlik açığı: ışık",
    "α-Synuclein, Δt = 10 μs, 5 kΩ, σ², αₙ, x ∈ ℝ, 𝑥",
    "ন্\u200cক, র\u200d\u09cdয, മലയാളം ന്\u200d.",
    "‼\ufe0f 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 👩\u200d💻",
)


@pytest.mark.parametrize("text", PROSE)
def test_prose_in_any_language_is_neither_marked_nor_changed(text: str) -> None:
    assert html.unescape(prose_filter(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "update rеquests",
        "from рауре to you, see подробности",
        "Русский текст: pаypal",
        "paypaı",
        "ɡoogle",
        "ｐaypal",
        "impⅼrt",
        "a\u00a0\u00a0b",
        "\u3000a",
        "🏴\U000e0061\U000e0062\U000e007f",
    ],
)
def test_prose_is_marked_where_letters_deceive_and_spaces_are_hidden(text: str) -> None:
    shown = prose_filter(text)
    assert "<mark" in shown or "⟨U+" in shown


def test_long_vowel_mark_passes_for_a_dash_except_beside_kana() -> None:
    assert passing_in_name("データー-api") == set()
    assert passing_in_name("lodashーjs") == {6}
    assert passing_in_name("lodash一js") == {6}


def test_ligature_in_a_name_passes_for_its_letters() -> None:
    assert passing_in_name("ﬁle-loader") == {0}
