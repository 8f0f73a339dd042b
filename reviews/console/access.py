"""Access to the pages and to their contents."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from accounts.socket_access import readable_channels
from realtime.messages import Position
from reviews.permissions import Permission


class Request(HttpRequest):
    """A request with the attribute that django-htmx adds."""

    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def readers_only(view: View) -> View:
    """Restrict a page to users who may read APVs, uncached, so that signing out hides it."""
    allowed = permission_required(Permission.VIEW_APV, raise_exception=True)(view)
    return never_cache(login_required(allowed))


def too_many_writes(request: HttpRequest, wait: int) -> HttpResponse:
    """Return the response to a user who must wait so many seconds."""
    answer = render(request, "429_writes.html", status=429)
    answer["Retry-After"] = str(wait)
    return answer


def sees_decisions(request: Request) -> bool:
    """Return whether the user may read decisions."""
    return bool(request.user.has_perm(Permission.VIEW_DECISION))


def require_decisions(request: Request) -> None:
    """Raise PermissionDenied if the user may not read decisions."""
    if not sees_decisions(request):
        raise PermissionDenied(_("You may read APVs, but not the decisions on them."))


def readable(request: Request, positions: dict[str, Position]) -> dict[str, Any]:
    """Return those of `positions` that the user may read, as JSON."""
    mine = readable_channels(request.user)
    return {name: one.model_dump() for name, one in positions.items() if name in mine}
