"""The response to a user who tried too many passwords."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hitl_project.error_views import is_api
from reviews.api import problems

TOO_MANY_REQUESTS = 429


def locked_out(request: HttpRequest, response: HttpResponse, credentials: object) -> HttpResponse:
    """Return a page or a problem document in place of `response` while sign-in is locked."""
    wait = settings.AXES_COOLOFF_TIME
    minutes = int(wait.total_seconds() // 60)
    if is_api(request):
        detail = f"Too many wrong passwords. Try again in {minutes} minutes."
        answer = problems.response(TOO_MANY_REQUESTS, detail)
    else:
        answer = render(request, "429.html", {"minutes": minutes}, status=TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(int(wait.total_seconds()))
    return answer
