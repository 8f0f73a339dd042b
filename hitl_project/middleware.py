"""What happens to every HTTP request before a view sees it."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from realtime import auth


class OneSpellingOfApiPaths(MiddlewareMixin):
    """Lets /hitl/apvs/ mean /hitl/apvs: REST paths work with and without a trailing slash."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/hitl/"):
            request.path_info = request.path_info.rstrip("/")


class CompressedPages(GZipMiddleware):
    """Compresses pages and what they load; REST is left to the proxy in front, if there is one."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith("/hitl/"):
            return response
        return super().process_response(request, response)


class LanguageOfPages(LocaleMiddleware):
    """Pages speak the reader's language; REST speaks one."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/hitl/"):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith("/hitl/"):
            return response
        return super().process_response(request, response)


class OpenAccess(MiddlewareMixin):
    """Under HITL_OPEN_ACCESS, a request that shows no credentials acts as the demo reviewer."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/admin") or _shows_credentials(request):
            return
        user = auth.open_access_user()
        if user is not None:
            request.user = user
            request.open_access = True  # type: ignore[attr-defined] # no CSRF: nobody signed in


def _shows_credentials(request: HttpRequest) -> bool:
    return auth.shows_credentials({name.lower(): text for name, text in request.headers.items()})
