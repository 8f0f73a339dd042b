"""What is written on a forge says what people wrote, and does nothing by it."""

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reviews.effects import comments
from reviews.models import APV, Decision, Effect

COMMONMARK = MarkdownIt("commonmark")
AS_FORGES = MarkdownIt("gfm-like", {"linkify": False})
ID = UUID("0190d5c4-0000-7000-8000-000000000007")
OUTSIDE = {"text", "html_block", "html_inline"}
MARKER = f"<!-- hitl-console {ID} -->"
FRAGMENTS = [
    *("`", "``", "```", "````", "~~~", "\n", "\r", "\r\n", "\u2028", "\t", "    ", "> ", "- ", " "),
    *("/merge", "/close", "/approve", "@everyone", "@acme/team", "#7", "fixes #7", "!7", "\\"),
    *("<script>alert(1)</script>", "<!--", "-->", MARKER, "</pre>", "<img src=x>", "&lt;"),
    *("[x](https://evil.example.com)", "![x](https://evil.example.com/x.png)", "text", "…", "é"),
]
HOSTILE = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
CASES = [
    "```\n/merge\n```",
    "/merge\n/close\n/label ~done",
    "Ask @everyone and @acme/security.",
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "~~~\nfixes #1\n~~~",
    "`" * 400,
    "\n\n/approve",
    "-->\n/merge\n<!--",
    "x" * 60_000,
    "\r/merge\r\n/merge\u2028/merge",
]


@pytest.fixture(autouse=True)
def console(settings: Any) -> None:
    settings.HITL_CONSOLE_URL = "https://console.example.com"


def effect(**fields: Any) -> Effect:
    apv = APV(apv_code="APV-2026-0007")
    given = {"reviewer_name": "Rita", "justification": "Looked closely.", **fields}
    return Effect(pk=ID, decision=Decision(apv=apv, modifications=given.pop("asked", {}), **given))


def written(text: str, name: str = "Rita", asked: dict[str, Any] | None = None) -> str:
    """Return the comment of a decision with that justification, name and modifications."""
    made = effect(reviewer_name=name, justification=text, asked=asked or {})
    parts = [comments.block(text), *comments.modifications(made.decision)]
    return comments.comment(made, "**Changes requested**", *parts, names_reviewer=True)


def tokens(text: str, parser: MarkdownIt = COMMONMARK) -> list[Token]:
    """Return the tokens of a comment, with those inside others."""
    found = parser.parse(text)
    return [inner for one in found for inner in (one, *(one.children or []))]


def spoken(text: str) -> str:
    """Return what stands outside of code: there a forge notifies people and runs commands."""
    found = tokens(text, AS_FORGES)
    return "\n".join(one.content for one in found if one.type in OUTSIDE)


def check(text: str) -> None:
    """Check that a comment has nothing outside of code but the product's own words."""
    said = spoken(text).replace(MARKER, "", 1).replace("\n", " ")
    assert re.fullmatch(
        r"\s*Changes requested +by +: +APV-2026-0007 \.( +and \d+ more)?\s*", said
    ), said
    links = [one.attrs["href"] for one in tokens(text) if one.type == "link_open"]
    assert links == ["https://console.example.com/apvs/APV-2026-0007"]
    assert not [one for one in tokens(text) if one.type == "image"]
    assert [one.content.strip() for one in tokens(text) if one.type == "html_block"] == [MARKER]
    assert text.endswith(f"\n\n{MARKER}")


def commands(text: str) -> list[str]:
    """Return the lines that GitLab would take for quick actions: outside of code, with a slash."""
    inside = {
        number
        for one in COMMONMARK.parse(text)
        if one.type == "fence" and one.map
        for number in range(*one.map)
    }
    lines = re.split(r"\r\n|\r|\n", text)
    return [line for number, line in enumerate(lines) if number not in inside and line[:1] == "/"]


@pytest.mark.parametrize("text", CASES, ids=lambda one: repr(one)[:30])
def test_text_pings_nobody_runs_nothing_and_is_no_html(text: str) -> None:
    comment = written(text, name=text, asked={text: text, "pin": "exactly"})
    check(comment)
    assert commands(comment) == []


@given(text=HOSTILE, name=HOSTILE, key=HOSTILE, value=HOSTILE)
def test_whatever_is_written_stays_in_code(text: str, name: str, key: str, value: str) -> None:
    comment = written(text, name, {key: value})
    check(comment)
    assert commands(comment) == []


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
)
def test_any_text_stays_in_code(text: str) -> None:
    check(written(text, text, {text: text}))


@pytest.mark.parametrize("text", CASES[:5], ids=lambda one: repr(one)[:30])
def test_block_shows_the_text_as_it_is(text: str) -> None:
    [fence] = [one for one in COMMONMARK.parse(comments.block(text)) if one.type == "fence"]
    assert fence.content == f"{text}\n"


@pytest.mark.parametrize("letter", ["x", "`", "\u0301", "é"])
def test_long_texts_and_lists_are_cut_so_that_a_forge_takes_them(letter: str) -> None:
    asked = {f"{number} {letter * 3000}": letter * 3000 for number in range(200)}
    comment = written(letter * 50_000, letter * 301, asked)
    check(comment)
    assert len(comment) < 65_536
    assert re.search(r"- and 1\d\d more", comment)


def test_modifications_are_a_list_with_each_value() -> None:
    [listed] = comments.modifications(effect(asked={"pin": "2.31.0", "tests": [1, 2]}).decision)
    items = [one.content for one in tokens(listed) if one.type == "code_inline"]
    assert items == ["pin: 2.31.0", "tests: [1, 2]"]


def test_reviewer_is_named_only_if_it_is_wanted() -> None:
    made = effect()
    assert "Rita" not in comments.comment(made, "**Rejected**", names_reviewer=False)
    assert "by ` Rita `:" in comments.comment(made, "**Rejected**", names_reviewer=True)


def test_console_without_an_address_is_named_and_not_linked(settings: Any) -> None:
    settings.HITL_CONSOLE_URL = ""
    text = comments.comment(effect(), "**Rejected**", names_reviewer=False)
    assert text == f"**Rejected**: APV-2026-0007.\n\n{MARKER}"
