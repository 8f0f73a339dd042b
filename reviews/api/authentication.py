"""Who calls over REST."""

from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class SessionOrOpenAccess(SessionAuthentication):
    """The signed-in user, with CSRF enforced; under HITL_OPEN_ACCESS also the demo reviewer."""

    def authenticate(self, request: Request) -> tuple[object, None] | None:
        user = request._request.user
        if not user.is_authenticated:
            return None
        if not getattr(request._request, "open_access", False):
            self.enforce_csrf(request)
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"  # with a challenge, missing credentials are a 401 and not a 403


class SessionCookieScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = "reviews.api.authentication.SessionOrOpenAccess"
