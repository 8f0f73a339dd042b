"""Comments in the console: shown, added, edited and deleted, with and without a script."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from reviews import services
from reviews.api import problems
from reviews.console.access import Request, readers_only
from reviews.console.comment_state import Comments, Refused
from reviews.console.list_query import kept_of
from reviews.errors import InvalidInput, ReviewError
from reviews.models import APV


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: Request, code: str) -> HttpResponse:
    """Return the comments on an APV; a POST adds one. The query may name its `place`."""
    apv = get_object_or_404(APV, apv_code=code)
    if request.method != "POST":
        return _part(request, Comments(apv, request.user, Refused(place=_place(request.GET))))
    given = request.POST
    text, place, revision = given.get("text", ""), _place(given), given.get("revision", "")
    at: dict[str, Any] = {"place": place, "revision": int(revision) if revision.isdigit() else None}
    return _act(
        request,
        apv,
        lambda: services.comment(apv_id=apv.pk, by=request.user, text=text, **at),
        text=text,
        place=place,
    )


def _place(given: QueryDict) -> str:
    return given.get("place") or ""


@readers_only
@require_POST
def comment(request: Request, code: str, pk: str) -> HttpResponse:
    """Edit a comment, or delete it."""
    apv = get_object_or_404(APV, apv_code=code)
    at: dict[str, Any] = {"apv_id": apv.pk, "comment_id": pk, "by": request.user}
    text = request.POST.get("text", "")
    if "delete" in request.POST:
        return _act(request, apv, lambda: services.delete_comment(**at), text=text, edited=pk)
    return _act(request, apv, lambda: services.edit_comment(**at, text=text), text=text, edited=pk)


def _act(request: Request, apv: APV, change: Callable[[], Any], **typed: str) -> HttpResponse:
    """Change the comments on an APV, and show them, with what was typed if it was refused."""
    try:
        change()
    except ReviewError as error:
        state = Comments(apv, request.user, Refused(_reasons(error), **typed))
        return _part(request, state, int(problems.status_of(error)))
    if request.htmx:
        return _part(request, Comments(apv, request.user))
    return redirect(reverse("apv", args=[apv.apv_code]) + kept_of(request) + "#comments")


def _reasons(error: ReviewError) -> dict[str, str]:
    """Return why something was refused, by field."""
    if isinstance(error, InvalidInput):
        return {name: " ".join(why) for name, why in error.errors.items()}
    return {"text": str(error)}


def _part(request: Request, state: Comments, status: int = 200) -> HttpResponse:
    """Return all comments: those at lines too, which a page has at the lines themselves."""
    context = {"apv": state.apv, "comments": state, "kept": kept_of(request), "whole": True}
    template = "console/_comments.html" if request.htmx else "console/comments.html"
    return render(request, template, context, status=status)
