"""Keep the templates of justifications."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews.decision_kinds import DecisionKind
from reviews.errors import InvalidInput, NotAllowed
from reviews.models import JUSTIFICATION_LENGTH, Template
from reviews.permissions import Permission
from reviews.placeholders import PLACEHOLDERS, unknown_in

LONGEST_NAME, LONGEST_TEXT = 60, 2000
MOST = 100
"""How many templates there may be: people choose from one list."""


def save_template(
    *, by: Any, name: str, text: str, kind: str = "", template_id: int | None = None
) -> Template:
    """Make a template, or change the one with an id. Raise NotAllowed or InvalidInput."""
    with publishing():
        _check_manager(by)
        template = Template() if template_id is None else _locked(template_id)
        template.name, template.kind = name.strip(), kind
        template.text = text.replace("\r\n", "\n").strip()
        if errors := dict(_faults(template)):
            raise InvalidInput(errors)
        template.changed_at, template.changed_by_name = clock.now(), display_name(by)
        _store(template)
        _record(template, by, "made" if template_id is None else "changed")
    return template


def delete_template(*, by: Any, template_id: int) -> None:
    """Delete a template: what was written with it stays. Raise NotAllowed or InvalidInput."""
    with publishing():
        _check_manager(by)
        template = _locked(template_id)
        _record(template, by, "deleted")
        template.delete()


def _check_manager(by: Any) -> None:
    if not by.has_perm(Permission.MANAGE_TEMPLATES):
        raise NotAllowed(_("You may not manage templates."))


def _locked(template_id: int) -> Template:
    template = Template.objects.select_for_update().filter(pk=template_id).first()
    if template is None:
        raise InvalidInput({"name": [_("There is no such template.")]})
    return template


def _store(template: Template) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise InvalidInput({"name": [_("There is a template of this name.")]}) from None


def _faults(template: Template) -> Any:
    if not 0 < len(template.name) <= LONGEST_NAME or not template.name.isprintable():
        message = _("Write 1 to {most} characters in one line.")
        yield "name", [message.format(most=LONGEST_NAME)]
    elif template._state.adding and Template.objects.count() >= MOST:
        yield "name", [_("There are {most} already: delete one.").format(most=MOST)]
    if faults := list(_faults_of_text(template.text)):
        yield "text", faults
    if template.kind and template.kind not in DecisionKind.values:
        yield "kind", [_("Choose one of {verbs}.").format(verbs=", ".join(DecisionKind.values))]


def _faults_of_text(text: str) -> Any:
    least = JUSTIFICATION_LENGTH[0]
    if not least <= len(text) <= LONGEST_TEXT:
        yield _("Write {least} to {most} characters.").format(least=least, most=LONGEST_TEXT)
    if "\x00" in text:
        yield _("Null characters are not allowed.")
    if unknown := unknown_in(text):
        known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        message = _("{unknown} is no placeholder. There are {known}.")
        yield message.format(unknown=", ".join(unknown), known=known)


def _record(template: Template, by: Any, what: str) -> None:
    entries.record(
        AuditAction.TEMPLATE_CHANGED,
        template.name,
        actor=by,
        what=what,
        text=template.text,
        decision=template.kind,
    )
