"""Paths of REST and of pages: their spelling and their language."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from realtime.paths import is_api


class OneSpellingOfApiPaths(MiddlewareMixin):
    """Treats /hitl/apvs/ as /hitl/apvs: REST paths work with and without a trailing slash."""

    def process_request(self, request: HttpRequest) -> None:
        if is_api(request):
            request.path_info = request.path_info.rstrip("/")


class LanguageOfPages(LocaleMiddleware):
    """Pages use the reader's language; REST uses one language."""

    def process_request(self, request: HttpRequest) -> None:
        if is_api(request):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if is_api(request):
            return response
        return super().process_response(request, response)
