"""Serve our scripts and style sheets from memory."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.deprecation import MiddlewareMixin

from hitl_project.assets.contents import digest, encoded
from hitl_project.assets.modules import QUERY
from hitl_project.assets.sources import sources
from hitl_project.middleware.encodings import best_encoding

TYPES = {"css": "text/css", "js": "text/javascript"}
FOREVER, A_MINUTE = "max-age=315360000, public, immutable", "max-age=60, public"


class Assets(MiddlewareMixin):
    """Answers before WhiteNoise, which serves other static files, and with DEBUG these too."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        name = request.path_info.removeprefix(str(settings.STATIC_URL))
        is_asked = request.method in ("GET", "HEAD") and name != request.path_info
        if settings.DEBUG or not is_asked or name not in sources():
            return None
        return answer(request, name)


def answer(request: HttpRequest, name: str) -> HttpResponseBase | None:
    joined = QUERY in request.GET
    known = digest(name, joined)
    encoding = best_encoding(request)
    response = HttpResponse(
        encoded(name, joined, encoding),
        content_type=f'{TYPES[name.rpartition(".")[2]]}; charset="utf-8"',
        headers={
            "Cache-Control": FOREVER if request.GET.get(QUERY) == known else A_MINUTE,
            "ETag": f'W/"{known}"',
            "Vary": "Accept-Encoding",
        },
    )
    response["Content-Length"] = str(len(response.content))
    if encoding:
        response["Content-Encoding"] = encoding
    return get_conditional_response(request, etag=response["ETag"], response=response)
