"""The pages of policies: who may manage them makes, tries, changes and activates them here.

They are pages of the console rather than of the administration: leads keep policies, and few of
them are staff.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reviews import services
from reviews.choices import WargameVerdict
from reviews.console.access import Request, readers_only, sees_decisions
from reviews.console.numbers import duration
from reviews.console.policy_forms import PolicyForm, as_entered, words_of
from reviews.errors import InvalidInput, ReviewError
from reviews.models import Policy, PolicyVersion
from reviews.permissions import Permission
from reviews.policies import staffing
from reviews.policies.schema import requirements_of
from reviews.policies.trying import Trial, try_on_past

MOST_TRIED = 10_000
"""How many decisions a page replays at most: the newest. The command replays more."""
TRY = "try"


@dataclass(frozen=True)
class ShownVersion:
    """A version of a policy as people read it."""

    version: PolicyVersion

    @property
    def filter_words(self) -> str:
        return words_of(self.version.filter)

    @property
    def requirements(self) -> list[tuple[Any, str]]:
        """Return the label of each requirement, and its value, "" for one that has no other."""
        asked = requirements_of(self.version.requirements)
        return [(one.label, _in_words(one.value)) for one in asked]


def _in_words(value: Any) -> str:
    """Return the value of a requirement for people."""
    if value is True:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{group} ({count})" for group, count in value.items())
    if isinstance(value, list):
        verdicts: dict[str, Any] = dict(WargameVerdict.choices)
        return ", ".join(str(verdicts.get(one, one)) for one in value)
    return str(value)


@dataclass(frozen=True)
class ShownPolicy:
    policy: Policy
    newest: ShownVersion | None
    obstacles: list[str]


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def policies(request: Request) -> HttpResponse:
    """Show all policies; a POST makes one, or tries it."""
    _check_manages(request)
    form = PolicyForm(request.POST or None, initial={"order": 100})
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            if TRY in request.POST:
                trial = _tried(request, form)
            else:
                return redirect("policy", _made(request, form).policy_id)
        except ReviewError as error:
            form.take(error)
    return _page(request, "console/policies.html", form, trial, shown=_all())


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: Request, pk: int) -> HttpResponse:
    """Show a policy with its versions; a POST adds a version, or tries it."""
    _check_manages(request)
    found = get_object_or_404(Policy, pk=pk)
    newest = found.versions.order_by("-number").first()
    form = PolicyForm(request.POST or None, initial=as_entered(newest), is_new=False)
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            if TRY in request.POST:
                trial = _tried(request, form, pk)
            else:
                services.add_version(policy_id=pk, by=request.user, **form.contents)
                return redirect("policy", pk)
        except ReviewError as error:
            form.take(error)
    versions = [ShownVersion(one) for one in found.versions.select_related("made_by")]
    return _page(request, "console/policy.html", form, trial, policy=found, versions=versions)


@readers_only
@require_POST
@permission_required(Permission.MANAGE_POLICIES, raise_exception=True)
def active(request: Request, pk: int) -> HttpResponse:
    """Put a policy in force, or take it out of force."""
    get_object_or_404(Policy, pk=pk)
    try:
        services.set_active(policy_id=pk, by=request.user, active="active" in request.POST)
    except InvalidInput as error:
        reasons = " ".join(why for every in error.errors.values() for why in every)
        messages.error(request, reasons)
    return redirect("policy", pk)


def _check_manages(request: Request) -> None:
    """Raise PermissionDenied if the user may not see policies, or sends a form without managing."""
    if not request.user.has_perm(Permission.MANAGE_POLICIES):
        raise PermissionDenied(_("You may not manage policies."))


def _made(request: Request, form: PolicyForm) -> PolicyVersion:
    given = form.cleaned_data
    order = 100 if given["order"] is None else given["order"]
    return services.make_policy(by=request.user, name=given["name"], order=order, **form.contents)


def _tried(request: Request, form: PolicyForm, pk: int | None = None) -> Trial:
    """Replay the past under what a form says: it names decisions, so they must be readable."""
    if not sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))
    name = form.cleaned_data.get("name") or _("this draft")
    draft = services.draft(by=request.user, name=name, policy_id=pk, **form.contents)
    return try_on_past(draft, most=MOST_TRIED)


def _all() -> list[ShownPolicy]:
    """Return all policies with their newest versions, and why nobody present satisfies some."""
    newest = {one.policy_id: one for one in PolicyVersion.objects.newest()}
    lacking = {version.policy_id: why for version, why in staffing.unsatisfiable()}
    return [
        ShownPolicy(
            one,
            ShownVersion(newest[one.pk]) if one.pk in newest else None,
            lacking.get(one.pk, []),
        )
        for one in Policy.objects.all()
    ]


def _page(
    request: Request, name: str, form: PolicyForm, trial: Trial | None, **context: Any
) -> HttpResponse:
    context |= {"form": form, "trial": trial, "sees_decisions": sees_decisions(request)}
    if trial and trial.delays:
        context |= {"usual": duration(trial.usual_delay), "longest": duration(trial.longest_delay)}
    return render(request, name, context, status=400 if form.errors else 200)
