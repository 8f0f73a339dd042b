"""Authentication of REST calls."""

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
    """Return the user of a read request that no REST view serves. It may be anonymous."""
    token = credentials.shown_token(request.headers.get("Authorization", ""))
    if token is None:
        return request.user
    try:
        return credentials.open_with(token)[0]
    except InvalidToken:
        return AnonymousUser()


class BearerToken(BaseAuthentication):
    """Authenticate by the token in the `Authorization` header, which needs no CSRF check."""

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
    """Authenticate by session, with CSRF enforced, or by HITL_OPEN_ACCESS as the demo reviewer."""

    def authenticate(self, request: Request) -> tuple[Any, Proof] | None:
        user = request._request.user
        if not user.is_authenticated:
            return None
        if getattr(request._request, "open_access", False):
            return user, open_access.proof_of(user)
        self.enforce_csrf(request)
        return user, session.proof_of(user, request._request.session.session_key)


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe tokens in the OpenAPI schema."""

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
    """Describe sessions in the OpenAPI schema."""

    target_class = "accounts.api.authentication.SessionOrOpenAccess"
