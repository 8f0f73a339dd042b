"""The code of a file as coloured HTML, line by line; plain where the language is not known."""

from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import get_lexer_for_filename
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound


def coloured(name: str, texts: list[str]) -> list[SafeString]:
    """Return each line of a file as HTML, coloured by the language that its name tells."""
    lexer = _lexer(name) if name else None
    plain = [escape(text) for text in texts]
    if lexer is None or not texts:
        return plain
    lines = [""]
    for token, value in lexer.get_tokens("\n".join(texts)):
        css = STANDARD_TYPES.get(token, "")
        first, *rest = value.split("\n")
        lines[-1] += _span(css, first)
        lines += [_span(css, part) for part in rest]
    if len(lines) < len(texts):
        return plain
    safe = lines[: len(texts)]  # _span escapes
    return [mark_safe(line) for line in safe]  # noqa: S308 # nosec B308, B703


def _span(css: str, text: str) -> str:
    if not text:
        return ""
    return f'<span class="{css}">{escape(text)}</span>' if css else escape(text)


@lru_cache(maxsize=64)
def _lexer(name: str) -> Any:
    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
