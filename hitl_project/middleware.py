"""What happens to every HTTP request before a view sees it, and to its answer after."""

from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from realtime import auth


class ContentSecurityPolicy(CSPMiddleware):
    """Sends CONTENT_SECURITY_POLICY; the admin's scripts are files and carry no nonce."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.replace = {"script-src": [SELF]}
        return parts


class OneSpellingOfApiPaths(MiddlewareMixin):
    """Lets /hitl/apvs/ mean /hitl/apvs: REST paths work with and without a trailing slash."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/hitl/"):
            request.path_info = request.path_info.rstrip("/")


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
