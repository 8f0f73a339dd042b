"""The decision form and its question, as a browser without scripts sends them."""

import html
import re
from typing import Any


def fields_of(answer: Any) -> dict[str, str]:
    """Return the hidden fields of the question on a page."""
    page = answer.content.decode().partition('id="question"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def many_fields_of(answer: Any) -> dict[str, Any]:
    """Return the hidden fields of the question about many APVs; `apv` has a value for each."""
    page = answer.content.decode().partition('id="batch-question"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    fields: dict[str, Any] = {name: html.unescape(value) for name, value in found}
    return {**fields, "apv": [html.unescape(value) for name, value in found if name == "apv"]}
