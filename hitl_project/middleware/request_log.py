"""Log a line for each request, under an id that the response carries."""

import sys
import time
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject, empty
from django_structlog.middlewares import RequestMiddleware

from realtime.socket.log import is_request_id
from reviews.api import problems


class RequestLog(RequestMiddleware):
    """Logs each request when it is done, and sends its id in the response.

    A valid `X-Request-ID` is kept, so that the logs of a proxy and of this service match.
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
        """Bind the user's id if a view has loaded the user: the log must not query the database."""
        user = getattr(request, "user", None)
        if user is None or (isinstance(user, LazyObject) and user._wrapped is empty):
            return
        structlog.contextvars.bind_contextvars(user_id=user.pk)


def _is_probe(request: HttpRequest) -> bool:
    return request.path.startswith(
        (f"{settings.API_PREFIX}health", f"{settings.API_PREFIX}metrics")
    )
