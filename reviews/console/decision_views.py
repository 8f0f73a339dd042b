"""Views of decisions that were made: what has become of them, and taking them back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reviews import services
from reviews.api import problems
from reviews.console.access import Request, readers_only, require_decisions
from reviews.console.list_query import kept_of
from reviews.console.outcomes import Made
from reviews.console.pages import answer_with_apv, reading
from reviews.console.undoing import UNDONE, undoable_by
from reviews.errors import InvalidInput, ReviewError
from reviews.models import Decision


@readers_only
@require_safe
def outcome(request: Request, pk: UUID) -> HttpResponse:
    """Return what has become of a decision, for a page that shows it and received a change."""
    require_decisions(request)
    decision = get_object_or_404(Decision.objects.with_effect(), pk=pk)
    made = Made(decision.apv, decision, request.user)
    context = {"made": made, "apv": decision.apv, "kept": kept_of(request)}
    return render(request, "console/_outcomes.html", context)


@readers_only
@require_POST
def retract(request: Request, pk: UUID) -> HttpResponse:
    """Take a decision back for the reason in the form, and show its APV."""
    reason = request.POST.get("reason", "")
    return _act(
        request, pk, lambda: services.retract(decision_id=pk, by=request.user, reason=reason)
    )


@readers_only
@require_POST
def try_again(request: Request, pk: UUID) -> HttpResponse:
    """Have a decision carried out again, and show its APV."""
    return _act(request, pk, lambda: services.try_again(decision_id=pk, by=request.user))


def _act(request: Request, pk: UUID, act: Callable[[], Any]) -> HttpResponse:
    """Do something about a decision, and show its APV, with the reason if it was refused."""
    require_decisions(request)
    code = get_object_or_404(Decision.objects.select_related("apv"), pk=pk).apv.apv_code
    try:
        act()
    except ReviewError as error:
        status = problems.status_of(error)
        return answer_with_apv(request, code, refusal=_reasons(error), status=status)
    if request.htmx:
        return reading(request, code)
    return redirect(reverse("apv", args=[code]) + kept_of(request))


def _reasons(error: ReviewError) -> str:
    if isinstance(error, InvalidInput):
        return " ".join(reason for reasons in error.errors.values() for reason in reasons)
    return str(error)


@readers_only
@require_safe
def last_decision(request: Request) -> JsonResponse:
    """Return the user's last decision while it can be undone, for a page that may not know it."""
    return JsonResponse({"undo": undoable_by(request.user)})


@readers_only
@require_POST
def undo(request: Request, pk: UUID) -> JsonResponse:
    """Take a decision back, as its reviewer wanted at once."""
    try:
        services.retract(decision_id=pk, by=request.user, reason=UNDONE)
    except ReviewError as error:
        return JsonResponse({"error": _reasons(error)}, status=problems.status_of(error))
    return JsonResponse({"undone": str(pk)})
