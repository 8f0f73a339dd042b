"""Teamwork in the console: claims of APVs, as the page shows and changes them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import claims, services, team_members
from reviews.api import problems
from reviews.console.access import Request, readers_only
from reviews.console.list_query import asked_of, kept_of
from reviews.console.team_state import Team
from reviews.errors import InvalidInput, ReviewError
from reviews.models import APV, Claim

OPENED_ANOTHER, CLOSED = "apv", "page"
"""How a page was left: for another APV, or closed or about to be loaded again."""


def leave(apv: APV, user: Any, was_last: bool, how: str) -> None:
    """End the user's claim of an APV that they left in their last tab.

    A tab that is only hidden keeps it for its time: the pull request may be in another one.
    """
    if not was_last:
        return
    if how == OPENED_ANOTHER:
        if (standing := claims.claim_of(apv)) and standing.user_id == user.pk:
            services.release(apv_id=apv.pk, by=user)
    elif how == CLOSED:
        services.expire_soon(apv, user)


@readers_only
@require_safe
def team_part(request: Request, code: str) -> HttpResponse:
    """Return who works on an APV, for a page that received a change."""
    return _part(request, get_object_or_404(APV, apv_code=code))


@readers_only
@require_POST
def claim(request: Request, code: str) -> HttpResponse:
    """Claim an APV."""
    return act(request, code, lambda apv: services.claim(apv_id=apv.pk, by=request.user))


@readers_only
@require_POST
def take_over(request: Request, code: str) -> HttpResponse:
    """Claim an APV that somebody else has, with a word to them."""
    reason = request.POST.get("reason", "")
    return act(
        request,
        code,
        lambda apv: services.take_over(apv_id=apv.pk, by=request.user, reason=reason),
    )


@readers_only
@require_POST
def release(request: Request, code: str) -> HttpResponse:
    """End one's own claim of an APV."""
    return act(request, code, lambda apv: services.release(apv_id=apv.pk, by=request.user))


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: Request, code: str) -> HttpResponse:
    """Show to whom an APV can be assigned; a POST assigns it."""
    if request.method == "POST":
        kind, _colon, name = request.POST.get("to", "").partition(":")
        to = {kind: name} if kind in {"user", "group"} else {}
        return act(request, code, lambda apv: services.assign(apv_id=apv.pk, by=request.user, **to))
    apv = get_object_or_404(APV, apv_code=code)
    context = {
        "apv": apv,
        "kept": kept_of(request),
        "team": Team(apv, request.user),
        "people": team_members.deciders(),
        "groups": team_members.groups(),
    }
    template = "console/_assign.html" if request.htmx else "console/assign.html"
    return render(request, template, context)


@readers_only
@require_POST
def next_free(request: Request) -> HttpResponse:
    """Claim the first APV of the list that nobody has, and open it.

    `passed` has the codes of those that this reader has passed by.
    """
    ask = asked_of(request)
    given = [code for text in request.POST.getlist("passed") for code in text.split(",")][-200:]
    claimed = None
    if not ask.listing.of_decisions:
        rows = ask.filter.qs.exclude(apv_code__in=given).order_by(*ask.order.by)
        try:
            claimed = services.claim_next(by=request.user, rows=rows)
        except ReviewError as error:
            return JsonResponse({"error": words_of(error)}, status=problems.status_of(error))
    return _told_next(request, claimed)


def _told_next(request: Request, claimed: Claim | None) -> HttpResponse:
    code = claimed.apv.apv_code if claimed else ""
    address = (reverse("apv", args=[code]) if code else reverse("console")) + kept_of(request)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"code": code, "address": address})
    if not code:
        messages.info(request, _("There is no other one that nobody has."))
    return redirect(address)


def act(request: Request, code: str, change: Callable[[APV], Any]) -> HttpResponse:
    """Do something about the team of an APV, and show it, with the reason if it was refused."""
    apv = get_object_or_404(APV, apv_code=code)
    refusal, status = "", 200
    try:
        change(apv)
    except ReviewError as error:
        refusal, status = words_of(error), int(problems.status_of(error))
    if request.htmx:
        return _part(request, apv, refusal=refusal, status=status)
    if refusal:
        messages.warning(request, refusal)
    return redirect(reverse("apv", args=[code]) + kept_of(request))


def _part(request: Request, apv: APV, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "apv": apv,
        "team": Team(apv, request.user),
        "kept": kept_of(request),
        "team_refusal": refusal,
    }
    return render(request, "console/_team.html", context, status=status)


def words_of(error: ReviewError) -> str:
    """Return why something was refused, in words."""
    if isinstance(error, InvalidInput):
        return " ".join(reason for reasons in error.errors.values() for reason in reasons)
    return str(error)
