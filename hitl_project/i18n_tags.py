"""Django's `i18n` tags, with texts that are looked up once in each language.

A page has some hundred texts that never change, and Django looks up each of them for each request.
"""

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.utils.translation import get_language

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> template.Node:
    """Translate as Django does, and keep a text that depends on the language alone."""
    node = i18n.do_translate(parser, token)
    return KeptText(node) if is_constant(node) else node


def is_constant(node: i18n.TranslateNode) -> bool:
    """Return whether a node shows a literal text, without filters, where it stands."""
    said = [one for one in (node.filter_expression, node.message_context) if one]
    return not node.asvar and all(_is_literal(one) for one in said)


def _is_literal(said: FilterExpression) -> bool:
    is_text = isinstance(said.var, str) or said.var.literal is not None
    return is_text and not said.filters


class KeptText(template.Node):
    """A translated text by language, and by whether the template escapes."""

    child_nodelists = ()

    def __init__(self, node: i18n.TranslateNode) -> None:
        self.node = node
        self.known: dict[tuple[str | None, bool], str] = {}

    def render(self, context: Context) -> str:
        key = get_language(), context.autoescape
        if key not in self.known:
            self.known[key] = self.node.render(context)
        return self.known[key]
