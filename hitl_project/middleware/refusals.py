"""Refuse requests before any code reads their bodies."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from hitl_project.middleware import form_encoding
from hitl_project.servers import request_bodies
from realtime.paths import is_api
from reviews.api import problems


class Refused(MiddlewareMixin):
    """Answers a request that was refused before its body was read."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        status = getattr(request, "scope", {}).get(request_bodies.REFUSED)
        if status is None and not form_encoding.is_readable(request):
            status = HTTPStatus.BAD_REQUEST
        return refusal(request, status) if status else None


def refusal(request: HttpRequest, status: int) -> HttpResponse:
    reason = str(problems.REFUSALS[status])
    if is_api(request):
        answer = problems.response(status, reason)
    else:
        context = {"status": status, "reason": reason}
        answer = render(request, "refused.html", context, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(problems.RETRY_SECONDS)
    return answer
