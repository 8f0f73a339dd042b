"""The error views: a problem document over REST, a page elsewhere."""

import logging
import sys
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from realtime.paths import is_api
from reviews.api import problems

logger = logging.getLogger(__name__)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problems.response(404, "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problems.response(400, "The request cannot be understood.")
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an unhandled exception: 503 if the database is away, else 500.

    A value that cannot be stored or searched for is the client's error: 400.
    """
    error = sys.exc_info()[1]
    if isinstance(error, problems.AWAY):
        return database_away(request)
    if isinstance(error, problems.UNFIT):
        logger.warning("A value reached the database unchecked: %s", type(error).__name__)
        return bad_request(request, error)
    if is_api(request):
        return problems.response(500, "Something went wrong here. It has been logged.")
    known = structlog.contextvars.get_contextvars()
    page = loader.render_to_string("500.html", {"request_id": known.get("request_id")})
    return HttpResponse(page, status=500)


def database_away(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        answer = problems.response(503, problems.DATABASE_AWAY)
    else:
        answer = HttpResponse(loader.render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(problems.RETRY_SECONDS)
    return answer


def locked_out(request: HttpRequest, response: HttpResponse, credentials: object) -> HttpResponse:
    """Return a page or a problem document in place of `response` while sign-in is locked."""
    wait = settings.AXES_COOLOFF_TIME
    minutes = int(wait.total_seconds() // 60)
    if is_api(request):
        detail = f"Too many wrong passwords. Try again in {minutes} minutes."
        answer = problems.response(HTTPStatus.TOO_MANY_REQUESTS, detail)
    else:
        answer = render(
            request, "429.html", {"minutes": minutes}, status=HTTPStatus.TOO_MANY_REQUESTS
        )
    answer["Retry-After"] = str(int(wait.total_seconds()))
    return answer
