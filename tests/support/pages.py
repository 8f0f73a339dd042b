"""The console's pages, and its decision form, as a browser without scripts has them."""

import html
import json
import re
from typing import Any

from django.test import Client

from reviews.models import APV
from tests.support.forms import fields_of

JUSTIFICATION = "The bump is minimal and the wargame holds."


def decide(client: Client, apv: APV, **fields: Any) -> Any:
    """Send the decision form and answer the question, as a browser does without scripts."""
    answer = ask(client, apv, **fields)
    if 'id="question"' not in answer.content.decode():
        return answer
    return client.post(f"/apvs/{apv.apv_code}", fields_of(answer))


def ask(client: Client, apv: APV, **fields: Any) -> Any:
    """Send the decision form as a browser does, with the page's version."""
    form = {
        "decision": "approve",
        "justification": JUSTIFICATION,
        "confidence": "0.9",
        "modifications": "",
        "version": apv.version,
        **fields,
    }
    return client.post(f"/apvs/{apv.apv_code}", form)


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def plain_text_of(answer: Any) -> str:
    """Return the text of a page without its elements."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text_of(answer)))


def codes_on(answer: Any) -> list[str]:
    """Return the codes in the list; the page may contain other APVs elsewhere."""
    rows = answer.content.decode().partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r'<a href="/apvs/([^"?]+)[^"]*"[^>]*>', rows)


def attribute(answer: Any, name: str) -> Any:
    """Return the JSON in a data attribute of the page."""
    found = re.search(rf'data-{name}="([^"]*)"', answer.content.decode())
    assert found, name
    return json.loads(html.unescape(found[1]))
