"""Form controls, with a note if their text contains invisible or deceptive characters."""

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
    """Use Django's own templates of controls, with a note below those that need one."""

    def render(self, template_name: str, context: Any, request: Any = None) -> Any:
        control = super().render(template_name, context, request)
        widget = context.get("widget", {})
        value = widget.get("value")
        if not isinstance(value, str) or widget.get("is_hidden") or "optgroups" in widget:
            return control
        return control + note(value)


def note(value: str) -> SafeString | str:
    """Return a note if a control's text has invisible or deceptive characters.

    Line endings are visible in a control.
    """
    is_plain = value.isascii() and value.replace("\n", "").replace("\r", "").isprintable()
    if is_plain or not (count_invisible(value) or passing_in_name(value)):
        return ""
    shown = value.replace("\r\n", "\n")[:MOST_SHOWN]
    return format_html(
        '<p class="control-note">{} <bdi>{}</bdi></p>', _("This holds:"), identifier(shown)
    )
