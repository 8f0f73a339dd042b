"""Forms' controls, with a note where what stands in one is not what is seen."""

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reviews.console.invisible_characters import count_invisible
from reviews.console.lookalikes import passing_in_name
from reviews.templatetags.shown import identifier

MOST_SHOWN = 300
"""Characters of a value that its note shows."""


class NotedControls(DjangoTemplates):
    """Django's own templates of controls; the note stands below one that needs it."""

    def render(self, template_name: str, context: Any, request: Any = None) -> Any:
        control = super().render(template_name, context, request)
        widget = context.get("widget", {})
        value = widget.get("value")
        if not isinstance(value, str) or widget.get("is_hidden") or "optgroups" in widget:
            return control
        return control + note(value)


def note(value: str) -> SafeString | str:
    """Say what stands in a control, where it holds what is not seen or passes for something else.

    Line ends are seen in a control.
    """
    is_plain = value.isascii() and value.replace("\n", "").replace("\r", "").isprintable()
    if is_plain or not (count_invisible(value) or passing_in_name(value)):
        return ""
    shown = value.replace("\r\n", "\n")[:MOST_SHOWN]
    return format_html(
        '<p class="control-note">{} <bdi>{}</bdi></p>', _("This holds:"), identifier(shown)
    )
