"""Headers and encodings of responses: content security policy, caching, compression."""

import secrets
import zlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import cast

import brotli
from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from hitl_project.middleware.encodings import best_encoding
from realtime.paths import is_api
from reviews.console.invisible_characters import reveal_on_page

GZIP = 16 + zlib.MAX_WBITS
"""What zlib calls the format of `Content-Encoding: gzip`."""
BROTLI_QUALITY = 5
"""A page takes as long as with gzip, and is a seventh shorter."""
LONG_ENOUGH = 200
"""Bytes of a page that is worth compressing, as in Django's GZipMiddleware."""


class ContentSecurityPolicy(CSPMiddleware):
    """Sends CONTENT_SECURITY_POLICY. The admin's scripts are files and carry no nonce."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.replace = {"script-src": [SELF]}
        return parts


class NoStore(MiddlewareMixin):
    """Forbids caching unless the view says otherwise: nearly all responses depend on the user."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response


class CompressedPages(GZipMiddleware):
    """Compresses pages. A proxy may compress REST."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if is_api(request):
            return response
        if not isinstance(response, StreamingHttpResponse) or not response.is_async:
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        if re_accepts_gzip.search(request.headers.get("Accept-Encoding", "")):
            pieces = cast(AsyncIterator[bytes], response.streaming_content)
            response.streaming_content = compressed(pieces)
            response["Content-Encoding"] = "gzip"
        return response


async def compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield `pieces` as one gzip stream.

    Django makes a stream of each piece, of which browsers and many programs read only the first.
    """
    compressor = zlib.compressobj(wbits=GZIP)
    async for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


class BrotliPages(MiddlewareMixin):
    """Compresses pages for browsers better than CompressedPages does, in the same time."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or is_api(request):
            return response
        if response.has_header("Content-Encoding") or len(response.content) < LONG_ENOUGH:
            return response
        if best_encoding(request) == "br":
            patch_vary_headers(response, ("Accept-Encoding",))
            response.content = brotli.compress(response.content, quality=BROTLI_QUALITY)
            response["Content-Length"] = str(len(response.content))
            response["Content-Encoding"] = "br"
            # It hides the length, as Django's random bytes in gzip do (BREACH).
            response["X-Padding"] = "-" * secrets.randbelow(CompressedPages.max_random_bytes + 1)
        return response


class CompressedFiles(GZipMiddleware):
    """Compresses files of WhiteNoise, which hold no secret, without what hides their length."""

    max_random_bytes = 0

    def process_request(self, request: HttpRequest) -> None:
        """Let WhiteNoise compare tags weakly (RFC 9110, 13.1.2), as compression makes them weak."""
        if (tag := request.META.get("HTTP_IF_NONE_MATCH")) and _is_static(request):
            request.META["HTTP_IF_NONE_MATCH"] = tag.removeprefix("W/")

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not _is_static(request):
            return response
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return HttpResponseNotModified(headers=response.headers)  # a stream would be compressed
        return super().process_response(request, response)


def _is_static(request: HttpRequest) -> bool:
    return request.path_info.startswith(str(settings.STATIC_URL))


class InvisibleCharacters(MiddlewareMixin):
    """Shows invisible characters on every page as ⟨U+…⟩, wherever they came from."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and isinstance(response, HttpResponse):
            response.content = reveal_on_page(response.content.decode())
            response["Content-Length"] = str(len(response.content))
        return response
