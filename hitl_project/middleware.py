"""What happens to every HTTP request before a view sees it, and to its answer after."""

import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import LazyObject, empty
from django_structlog.middlewares import RequestMiddleware

from accounts import credentials, write_rate_limit
from accounts.credentials.open_access import open_access_user
from audit import entries
from hitl_project import forms
from hitl_project.servers import request_bodies
from realtime.socket.log import is_request_id
from reviews.api import problems
from reviews.console.access import too_many_writes
from reviews.console.unseen import reveal_on_page


class RequestLog(RequestMiddleware):
    """A line for each request when it is done; the answer bears the request's id.

    A fitting `X-Request-ID` is taken over, so that a proxy's log and ours can be read together.
    """

    def prepare(self, request: HttpRequest) -> None:
        given = request.META.pop("HTTP_X_REQUEST_ID", "")
        if is_request_id(given):
            request.META["HTTP_X_REQUEST_ID"] = given
        request.started_at = time.monotonic()  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(ip=request.META.get("REMOTE_ADDR"))
        super().prepare(request)

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        known = structlog.contextvars.get_contextvars()
        response["X-Request-ID"] = known["request_id"]
        if _is_probe(request) and response.status_code < 500:
            structlog.contextvars.clear_contextvars()
            return
        duration = time.monotonic() - request.started_at  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(duration_s=round(duration, 4))
        super().handle_response(request, response)

    def process_got_request_exception(
        self, sender: type[Any], request: HttpRequest, **options: Any
    ) -> None:
        if not isinstance(sys.exc_info()[1], problems.NO_FAILURES):
            super().process_got_request_exception(sender, request, **options)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"  # without the query, which may be secret

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Name the user, unless nobody has asked who it is: a log must not query the database."""
        user = getattr(request, "user", None)
        if user is None or (isinstance(user, LazyObject) and user._wrapped is empty):
            return
        structlog.contextvars.bind_contextvars(user_id=user.pk)


def _is_probe(request: HttpRequest) -> bool:
    return request.path.startswith(
        (f"{settings.API_PREFIX}health", f"{settings.API_PREFIX}metrics")
    )


class ContentSecurityPolicy(CSPMiddleware):
    """Sends CONTENT_SECURITY_POLICY; the admin's scripts are files and carry no nonce."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.replace = {"script-src": [SELF]}
        return parts


class NotKept(MiddlewareMixin):
    """Lets no cache keep an answer that says nothing of it: nearly all depend on who asks."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response


class OneSpellingOfApiPaths(MiddlewareMixin):
    """Lets /hitl/apvs/ mean /hitl/apvs: REST paths work with and without a trailing slash."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(settings.API_PREFIX):
            request.path_info = request.path_info.rstrip("/")


class CompressedPages(GZipMiddleware):
    """Compresses pages and what they load; REST is left to the proxy in front, if there is one."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith(settings.API_PREFIX):
            return response
        return super().process_response(request, response)


class Refused(MiddlewareMixin):
    """Answers a request that was refused on its way here, before anything looks at its body."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        status = getattr(request, "scope", {}).get(request_bodies.REFUSED)
        if status is None and not forms.is_readable(request):
            status = HTTPStatus.BAD_REQUEST
        return refusal(request, status) if status else None


def refusal(request: HttpRequest, status: int) -> HttpResponse:
    reason = str(problems.REFUSALS[status])
    if request.path_info.startswith(settings.API_PREFIX):
        answer = problems.response(status, reason)
    else:
        context = {"status": status, "reason": reason}
        answer = render(request, "refused.html", context, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(problems.RETRY_SECONDS)
    return answer


class LanguageOfPages(LocaleMiddleware):
    """Pages speak the reader's language; REST speaks one."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(settings.API_PREFIX):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith(settings.API_PREFIX):
            return response
        return super().process_response(request, response)


class OpenAccess(MiddlewareMixin):
    """Under HITL_OPEN_ACCESS, a request that shows no credentials acts as the demo reviewer."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/admin") or _shows_credentials(request):
            return
        user = open_access_user()
        if user is not None:
            request.user = user
            request.open_access = True  # type: ignore[attr-defined] # no CSRF: nobody signed in


class CountedWrites(MiddlewareMixin):
    """Lets no more be sent to pages than may be; the views of REST, who know tokens, do so too."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if request.path_info.startswith(settings.API_PREFIX):
            return None
        wait = write_rate_limit.wait(request, request.user)
        return too_many_writes(request, wait) if wait else None


class Audited:
    """Lays what the audit records meanwhile to this request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with entries.during(request):
            return self.get_response(request)


def _shows_credentials(request: HttpRequest) -> bool:
    return credentials.are_shown({name.lower(): text for name, text in request.headers.items()})


class UnseenCharacters(MiddlewareMixin):
    """Shows unseen characters on every page as ⟨U+…⟩, wherever they came from."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and isinstance(response, HttpResponse):
            response.content = reveal_on_page(response.content.decode())
            response["Content-Length"] = str(len(response.content))
        return response
