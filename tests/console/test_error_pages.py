"""The pages that say what went wrong, without a request, a user or a database."""

import re
from pathlib import Path

import pytest
from django.template import loader
from django.utils import translation

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGES = sorted(path.name for path in TEMPLATES.glob("[45]*.html"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_page_needs_nothing_but_its_words(name: str, language: str) -> None:
    with translation.override(language):
        page = loader.render_to_string(name, {"minutes": 15})
    [title] = re.findall("<title>(.+) · HITL Console</title>", page)
    assert re.findall("<h1>(.+)</h1>", page) == [title]
    assert re.search(rf'<p class="quiet">\w+ {name[:3]}</p>', page)
    assert re.search('<a class="button" href="', page)
    assert page.count("<!doctype html>") == 1


@pytest.mark.parametrize("name", [*PAGES, "refused.html"])
def test_page_brings_words_and_no_markup(name: str) -> None:
    assert "<" not in (TEMPLATES / name).read_text()


def test_reason_of_a_refusal_is_text() -> None:
    context = {"status": 413, "reason": "Too <long>: it's 3 MB"}
    page = loader.render_to_string("refused.html", context)
    assert "<p>Too &lt;long&gt;: it&#x27;s 3 MB</p>" in page


def test_number_of_a_request_that_failed_is_told() -> None:
    assert "0f3c2a9e" in loader.render_to_string("500.html", {"request_id": "0f3c2a9e"})
