"""What a user is told by name: assignments to them, and claims that were taken over."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from realtime import clock
from reviews.console.access import Request, readers_only
from reviews.models import Notice

MOST = 100
"""Notices on the page, the newest first."""


def unread(user: Any) -> int:
    """Return how many notices a user has not read."""
    return Notice.objects.unread().filter(user=user.pk).count()


@readers_only
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: Request) -> HttpResponse:
    """Show the user's notices; a POST marks them all as read."""
    own = Notice.objects.filter(user=request.user.pk)
    if request.method == "POST":
        own.unread().update(read_at=clock.now())
        return redirect("notices")
    rows = own.select_related("apv").only(*SHOWN).order_by("-created_at", "-id")[:MOST]
    context = {"notices": rows, "unread": unread(request.user)}
    return render(request, "console/notices.html", context)


SHOWN = ("kind", "by_name", "text", "created_at", "read_at", "apv__apv_code", "apv__package_name")
