"""Comments in the console: shown, added, edited and deleted, with and without a script."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from reviews import services
from reviews.api import problems
from reviews.console.access import Request, readers_only
from reviews.console.comment_state import Comments
from reviews.console.list_query import kept_of
from reviews.console.team import words_of
from reviews.errors import ReviewError
from reviews.models import APV


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: Request, code: str) -> HttpResponse:
    """Return the comments on an APV; a POST adds one."""
    apv = get_object_or_404(APV, apv_code=code)
    if request.method != "POST":
        return _part(request, Comments(apv, request.user))
    text, place = request.POST.get("text", ""), request.POST.get("place", "")
    return _act(
        request,
        apv,
        lambda: services.comment(apv_id=apv.pk, by=request.user, text=text, place=place),
        typed=text,
        place=place,
    )


@readers_only
@require_POST
def comment(request: Request, code: str, pk: str) -> HttpResponse:
    """Edit a comment, or delete it."""
    apv = get_object_or_404(APV, apv_code=code)
    at: dict[str, Any] = {"apv_id": apv.pk, "comment_id": pk, "by": request.user}
    if "delete" in request.POST:
        return _act(request, apv, lambda: services.delete_comment(**at))
    text = request.POST.get("text", "")
    return _act(request, apv, lambda: services.edit_comment(**at, text=text))


def _act(request: Request, apv: APV, change: Callable[[], Any], **typed: str) -> HttpResponse:
    """Change the comments on an APV, and show them, with what was typed if it was refused."""
    try:
        change()
    except ReviewError as error:
        state = Comments(apv, request.user, words_of(error), **typed)
        return _part(request, state, int(problems.status_of(error)))
    if request.htmx:
        return _part(request, Comments(apv, request.user))
    return redirect(reverse("apv", args=[apv.apv_code]) + kept_of(request) + "#comments")


def _part(request: Request, state: Comments, status: int = 200) -> HttpResponse:
    context = {"apv": state.apv, "comments": state, "kept": kept_of(request)}
    template = "console/_comments.html" if request.htmx else "console/comments.html"
    return render(request, template, context, status=status)
