"""Texts to begin a justification with: templates of the team, and one's own last justifications."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from reviews import services
from reviews.console.access import Request, readers_only
from reviews.console.forms import add_errors
from reviews.console.list_query import kept_of
from reviews.decision_kinds import DecisionKind
from reviews.errors import ReviewError
from reviews.models import APV, Decision, Template
from reviews.permissions import Permission
from reviews.placeholders import PLACEHOLDERS, filled_in
from reviews.services.templates import LONGEST_NAME, LONGEST_TEXT

OWN = 5
"""How many of one's own last justifications are offered."""
LOOKED_AT = 50
"""How many of one's decisions are looked at for them: many have the same."""
TEMPLATE, OWN_DECISION = "template", "like"
"""The parameters of an APV's address that fill its form: a template, or a decision of one's own."""


@dataclass(frozen=True)
class Offered:
    """A text that a form offers; `parameter` and `value` name it in an address.

    `kind` is the kind of decision that it is for, "" for any. `name` is "" for one's own.
    """

    parameter: str
    value: str
    text: str
    name: str = ""
    kind: str = ""

    @property
    def kind_label(self) -> str:
        return str(capfirst(DecisionKind(self.kind).label)) if self.kind else ""


def offered_to(user: Any, apv: APV | None) -> list[Offered]:
    """Return what is offered: filled in for `apv`, or as it was written if there is none."""
    templates = [_of_team(one, user, apv) for one in Template.objects.all()]
    return [one for one in templates if _fits(one, apv)] + own_of(user)


def _of_team(template: Template, user: Any, apv: APV | None) -> Offered:
    text = template.text if apv is None else filled_in(template.text, apv, user)
    return Offered(TEMPLATE, str(template.pk), text, template.name, template.kind)


def _fits(offered: Offered, apv: APV | None) -> bool:
    """Return whether a template is for a decision that is possible with `apv`."""
    if apv is None or not offered.kind:
        return True
    return DecisionKind(offered.kind).fits(apv.pr_number, apv.status)


def own_of(user: Any) -> list[Offered]:
    """Return the last justifications of a user, each once, the newest first."""
    made = Decision.objects.filter(reviewer=user.pk).order_by("-decided_at")
    texts: dict[str, UUID] = {}
    for pk, text in made.values_list("pk", "justification")[:LOOKED_AT]:
        texts.setdefault(text, pk)
    return [Offered(OWN_DECISION, str(pk), text) for text, pk in list(texts.items())[:OWN]]


def chosen_in(request: Request, apv: APV) -> dict[str, str]:
    """Return what the form of an APV begins with, as its address names it."""
    for one in (
        offered_to(request.user, apv) if request.GET.keys() & {TEMPLATE, OWN_DECISION} else ()
    ):
        if request.GET.get(one.parameter) == one.value:
            given = {"justification": one.text}
            return {**given, "decision": one.kind} if one.kind else given
    return {}


@readers_only
@require_safe
@permission_required(Permission.DECIDE_APV, raise_exception=True)
def offered(request: Request, code: str = "") -> HttpResponse:
    """Show what a form offers, for an APV or for many."""
    apv = get_object_or_404(APV, apv_code=code) if code else None
    context = {
        "apv": apv,
        "offered": offered_to(request.user, apv),
        "manages": request.user.has_perm(Permission.MANAGE_TEMPLATES),
        "kept": kept_of(request),
    }
    name = "console/_offered.html" if request.htmx else "console/offered.html"
    return render(request, name, context)


# -- Keeping the templates ----------------------------------------------------------------------


class TemplateForm(forms.Form):
    """A template as somebody enters it. The service checks it."""

    use_required_attribute = False

    name = forms.CharField(label=_("Name"), required=False, max_length=LONGEST_NAME)
    kind = forms.ChoiceField(
        label=_("For"),
        required=False,
        choices=lambda: [
            ("", _("any decision")),
            *((value, capfirst(label)) for value, label in DecisionKind.choices),
        ],
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def templates(request: Request) -> HttpResponse:
    """Show the team's templates; a POST makes one."""
    if request.method == "POST" and not request.user.has_perm(Permission.MANAGE_TEMPLATES):
        raise PermissionDenied(_("You may not manage templates."))
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and _saved(request, form):
        return redirect("templates")
    return _shown(request, form, {"templates": Template.objects.all()})


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_TEMPLATES, raise_exception=True)
def template(request: Request, pk: int) -> HttpResponse:
    """Show a template in its form; a POST changes or deletes it."""
    found = get_object_or_404(Template, pk=pk)
    if request.method == "POST" and "delete" in request.POST:
        services.delete_template(by=request.user, template_id=pk)
        return redirect("templates")
    now = {"name": found.name, "text": found.text, "kind": found.kind}
    form = TemplateForm(request.POST or None, initial=now)
    if request.method == "POST" and _saved(request, form, template_id=pk):
        return redirect("templates")
    return _shown(request, form, {"template": found})


def _saved(request: Request, form: TemplateForm, template_id: int | None = None) -> bool:
    if not form.is_valid():
        return False
    try:
        services.save_template(by=request.user, template_id=template_id, **form.cleaned_data)
    except ReviewError as error:
        add_errors(form, error)
    return form.is_valid()


def _shown(request: Request, form: TemplateForm, context: dict[str, Any]) -> HttpResponse:
    context |= {
        "form": form,
        "placeholders": PLACEHOLDERS,
        "manages": request.user.has_perm(Permission.MANAGE_TEMPLATES),
    }
    name = "console/template.html" if "template" in context else "console/templates.html"
    return render(request, name, context, status=400 if form.errors else 200)
