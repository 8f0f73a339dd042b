"""The user of a request, the limit on their writes, and the source of audit entries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from accounts import credentials, write_rate_limit
from accounts.credentials.open_access import open_access_user
from audit import entries
from realtime.paths import is_api
from reviews.console.access import too_many_writes


class OpenAccess(MiddlewareMixin):
    """Under HITL_OPEN_ACCESS, a request without credentials acts as the demo reviewer."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/admin") or credentials.are_shown(request.headers):
            return
        user = open_access_user()
        if user is not None:
            request.user = user
            request.open_access = True  # type: ignore[attr-defined] # no CSRF: nobody signed in


class WriteRateLimit(MiddlewareMixin):
    """Limits writes to pages. REST views, which know tokens, limit their own."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if is_api(request):
            return None
        wait = write_rate_limit.wait(request, request.user)
        return too_many_writes(request, wait) if wait else None


class Audited:
    """Attributes audit entries to the request during which they are written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with entries.during(request):
            return self.get_response(request)
