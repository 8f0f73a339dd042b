"""Every text is translated into each language, and the compiled catalogue is current."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests.support.site import ROOT, Server, decision

FOLDER = ROOT / "locale" / "pt_BR" / "LC_MESSAGES"
MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "pgettext": 2, "pgettext_lazy": 2}
CONTEXT = "\x04"
PLACEHOLDER = re.compile(r"\{\w*(?::[^}]*)?\}|%\(\w+\)s")


def compiled() -> dict[str | tuple[str, int], str]:
    with (FOLDER / "django.mo").open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def written() -> Iterator[tuple[str, list[str]]]:
    """Each message of the .po file, and its translations."""
    entry: dict[str, str] = {}
    text = (FOLDER / "django.po").read_text()
    for line in [*text.splitlines(), ""]:
        if found := re.fullmatch(r'(msg\w+(?:\[\d\])?) (".*")', line):
            entry[found[1]] = ast.literal_eval(found[2])
        elif line.startswith('"'):
            entry[list(entry)[-1]] += ast.literal_eval(line)
        elif not line and entry:
            context = f"{entry['msgctxt']}{CONTEXT}" if "msgctxt" in entry else ""
            yield (
                context + entry["msgid"],
                [entry[one] for one in entry if one.startswith("msgstr")],
            )
            entry = {}


def marked_in_python() -> Iterator[str]:
    for folder in ("forges", "hitl_project", "jobs", "realtime", "reviews"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield from _message(node.func.id, node.args)


def _message(mark: str, arguments: list[ast.expr]) -> Iterator[str]:
    texts = [one.value for one in arguments[: MARKS.get(mark, 0)] if isinstance(one, ast.Constant)]
    if texts:
        joint = CONTEXT if mark.startswith("pgettext") else ""
        yield joint.join(map(str, texts)) if joint else str(texts[0])


TRANSLATE = re.compile(r"""\{% translate (["'])(.*?)\1(?: context (["'])(.*?)\3)? %\}""")
BLOCK = re.compile(
    r"\{% blocktranslate[^%]*%\}(.*?)(?:\{% plural %\}.*?)?\{% endblocktranslate %\}", re.S
)
IN_FILTER = re.compile(r"""_\((["'])(.*?)\1\)""")


def marked_in_templates() -> Iterator[str]:
    for path in Path(settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text()
        for _quote, message, _quote_too, context in TRANSLATE.findall(text):
            yield f"{context}{CONTEXT}{message}" if context else message
        for _quote, message in IN_FILTER.findall(text):
            yield message
        for message in BLOCK.findall(text):
            yield re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", message)


def has(catalog: dict[str | tuple[str, int], str], message: str) -> bool:
    return bool(catalog.get(message) or catalog.get((message, 0)))


def test_every_marked_message_is_translated() -> None:
    marked = {*marked_in_python(), *marked_in_templates()}
    assert len(marked) > 250
    catalog = compiled()
    assert sorted(one for one in marked if not has(catalog, one)) == []


def test_compiled_messages_are_the_written_ones() -> None:
    catalog = compiled()
    for message, translations in written():
        if len(translations) == 1:
            assert catalog[message] == translations[0]
        else:
            assert [catalog[message, number] for number in (0, 1)] == translations
    assert len({key if isinstance(key, str) else key[0] for key in catalog}) == len(list(written()))


def test_translations_fill_in_what_their_messages_do() -> None:
    for message, translations in written():
        for one in translations if message else []:
            assert one
            assert set(PLACEHOLDER.findall(one)) == set(PLACEHOLDER.findall(message)), message


@pytest.mark.django_db
def test_pages_speak_the_language_that_is_asked_for() -> None:
    client = Client()
    page = client.get("/sign-in", headers={"Accept-Language": "pt-BR"})
    assert '<html lang="pt-br">' in page.content.decode()
    assert "Revise correções feitas por máquinas" in page.content.decode()
    answer = client.post("/language", {"language": "en", "next": "/sign-in"})
    assert answer.status_code == 302
    page = client.get("/sign-in", headers={"Accept-Language": "pt-BR"})
    assert '<html lang="en">' in page.content.decode()


def test_rest_speaks_one_language(uvicorn_server: Server) -> None:
    added = uvicorn_server.add_apv()
    client = uvicorn_server.client("reviewer")
    answer = client.post(
        "/hitl/decisions",
        json=decision(added["apv_id"], justification="too short"),
        headers={"Accept-Language": "pt-BR"},
    )
    said = "Ensure this field has at least 10 characters."
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"] == {"justification": [said]}
    assert "Content-Language" not in answer.headers


def test_words_with_two_meanings_are_told_apart() -> None:
    from reviews.choices import RiskLevel, Severity

    with translation.override("pt-br"):
        assert (str(Severity.LOW.label), str(RiskLevel.LOW.label)) == ("baixa", "baixo")
