"""Serve our scripts and style sheets without their comments and white space."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from rcssmin import cssmin
from rjsmin import jsmin

MINIFIERS: dict[str, Callable[[str], str]] = {"text/javascript": jsmin, "text/css": cssmin}
STATIC = str(settings.STATIC_URL)
OURS = tuple(f"{STATIC}{app}/" for app in ("reviews", "realtime"))


class MinifiedFiles(MiddlewareMixin):
    """Minifies our files that WhiteNoise serves. Files of other packages stay as they are."""

    def process_request(self, request: HttpRequest) -> None:
        """Let WhiteNoise compare tags weakly (RFC 9110, 13.1.2), as compression makes them weak."""
        if (tag := request.META.get("HTTP_IF_NONE_MATCH")) and request.path_info.startswith(STATIC):
            request.META["HTTP_IF_NONE_MATCH"] = tag.removeprefix("W/")

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not isinstance(response, FileResponse):
            return response
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return HttpResponseNotModified(headers=response.headers)  # a stream would be compressed
        if not is_ours(request, response):
            return response
        minify = MINIFIERS.get(response["Content-Type"].partition(";")[0])
        return minified(response, minify) if minify else response


def is_ours(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether `response` is a whole file of this project."""
    path = request.path_info
    is_source = path.startswith(OURS) and "/vendor/" not in path
    return is_source and request.method == "GET" and response.status_code == HTTPStatus.OK


def minified(response: FileResponse, minify: Callable[[str], str]) -> HttpResponse:
    content = minify(response.getvalue().decode())
    response.close()
    answer = HttpResponse(content, headers=response.headers)
    answer["Content-Length"] = str(len(answer.content))
    return answer
