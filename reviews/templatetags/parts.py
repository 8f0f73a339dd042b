"""Parts of pages, each of which may fail by itself."""

from typing import Any

import structlog
from django import template
from django.db import DatabaseError
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.loader import render_to_string
from django.template.loader_tags import do_include

UNSHOWN_ROW = "console/_unshown_row.html"

register = template.Library()
log = structlog.get_logger(__name__)


@register.tag
def part(parser: Parser, token: Token) -> template.Node:
    """Include a template, as `include` does; if it fails, log it and show a message.

    One APV's contents must not break the whole page.
    """
    return _part(parser, token, "console/_unshown.html")


@register.tag
def rowpart(parser: Parser, token: Token) -> template.Node:
    """Include a row of a list, as `part` does."""
    return _part(parser, token, UNSHOWN_ROW)


def _part(parser: Parser, token: Token, unshown: str) -> "Part":
    included = do_include(parser, token)
    included.token = token  # as the parser does with its own nodes
    if parser.origin:
        included.origin = parser.origin
    return Part(included, unshown)


class Part(template.Node):
    """An included template, or the message in its place."""

    def __init__(self, included: template.Node, unshown: str) -> None:
        self.included = included
        self.unshown = unshown

    def render(self, context: Context) -> str:
        depth = len(context.dicts)
        try:
            return str(self.included.render(context))
        except DatabaseError:
            raise  # the shown data did not cause this
        except Exception:
            del context.dicts[depth:]
            shown = context.get("row") or context.get("apv")
            return unshown(self.unshown, shown, context.get("kept") or "")


def unshown(message: str, shown: Any, kept: str) -> str:
    """Log the exception that showing an APV or a row raised; return the message in its place."""
    apv = getattr(shown, "apv", shown)
    log.exception("part_cannot_be_shown", apv=getattr(apv, "apv_code", ""))
    return render_to_string(message, {"apv": apv, "kept": kept})
