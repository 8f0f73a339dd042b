"""Who calls over REST."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import credentials
from accounts.credentials import open_access, session
from realtime.access import InvalidToken, Proof


def caller(request: HttpRequest) -> Any:
    """Who sends a request that only reads and that no REST view serves; perhaps nobody."""
    token = credentials.shown_token(request.headers.get("Authorization", ""))
    if token is None:
        return request.user
    try:
        return credentials.open_with(token)[0]
    except InvalidToken:
        return AnonymousUser()


class BearerToken(BaseAuthentication):
    """The user whose token stands in the `Authorization` header; no CSRF check is needed then."""

    def authenticate(self, request: Request) -> tuple[Any, Proof] | None:
        token = credentials.shown_token(request.headers.get("Authorization", ""))
        if token is None:
            return None
        try:
            return credentials.open_with(token)
        except InvalidToken as error:
            raise AuthenticationFailed(str(error)) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"  # with a challenge, missing credentials are a 401 and not a 403


class SessionOrOpenAccess(SessionAuthentication):
    """The signed-in user, with CSRF enforced; under HITL_OPEN_ACCESS also the demo reviewer."""

    def authenticate(self, request: Request) -> tuple[Any, Proof] | None:
        user = request._request.user
        if not user.is_authenticated:
            return None
        if getattr(request._request, "open_access", False):
            return user, open_access.proof_of(user)
        self.enforce_csrf(request)
        return user, session.proof_of(user, request._request.session.session_key)


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names a token."""

    target_class = "accounts.api.authentication.BearerToken"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": (
                "An API token, made in the administration or by `issue_token`; or the access token "
                "of a pair from `/hitl/token`."
            ),
        }


class SessionCookieScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the API's description names a session."""

    target_class = "accounts.api.authentication.SessionOrOpenAccess"
