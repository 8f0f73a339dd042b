"""REST endpoints that give programs tokens, and clients without headers tickets for the socket."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError

from accounts.api.memory import validated
from accounts.api.throttles import CountedWrites
from accounts.credentials import jwt, tickets
from realtime.access import Proof

NOT_KEPT = {"Cache-Control": "no-store"}
NAME_LENGTH, SECRET_LENGTH = 150, 4096


class PasswordSerializer(serializers.Serializer[Any]):
    """The name and password of a program that signs in."""

    username = serializers.CharField(max_length=NAME_LENGTH)
    password = serializers.CharField(max_length=SECRET_LENGTH, trim_whitespace=False)


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=SECRET_LENGTH)


class PairSerializer(serializers.Serializer[Any]):
    """An access token for the `Authorization` header, and the refresh token that renews it."""

    access = serializers.CharField()
    refresh = serializers.CharField(help_text="Good once.")
    token_type = serializers.CharField(default="Bearer")
    expires_in = serializers.IntegerField(
        default=jwt.ACCESS_SECONDS, help_text="Seconds until the access token expires."
    )


class TokenViewSet(CountedWrites, viewsets.ViewSet):
    """JSON web tokens. Credentials are in the body, so headers and cookies are ignored."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(request=PasswordSerializer, responses={200: PairSerializer})
    def obtain(self, request: Request) -> Response:
        """Sign in with a password."""
        given = _valid(PasswordSerializer, request)
        user = authenticate(request._request, **given)
        if user is None:
            raise AuthenticationFailed("No active user has this name and password.")
        user_logged_in.send(sender=user.__class__, request=request._request, user=user)
        return _answer(jwt.sign_in(user))

    @extend_schema(request=RefreshSerializer, responses={200: PairSerializer})
    def refresh(self, request: Request) -> Response:
        """Return a new pair. A refresh token is valid once; using it again ends the sign-in."""
        try:
            return _answer(jwt.renew(_valid(RefreshSerializer, request)["refresh"]))
        except (TokenError, KeyError):
            raise _no_good_token() from None

    @extend_schema(request=RefreshSerializer, responses={204: None})
    def revoke(self, request: Request) -> Response:
        """Sign out: revoke every token of the sign-in and close the sockets opened with them."""
        try:
            jwt.sign_out(_valid(RefreshSerializer, request)["refresh"])
        except (TokenError, KeyError):
            raise _no_good_token() from None
        return Response(status=204)

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TicketSerializer(serializers.Serializer[Any]):
    """A ticket, which opens one socket."""

    ticket = serializers.CharField(help_text="For the socket's address: `/hitl/ws?token=…`.")
    expires_in = serializers.IntegerField(default=tickets.TICKET_SECONDS, help_text="Seconds.")


class TicketViewSet(CountedWrites, viewsets.ViewSet):
    """Tickets for clients that cannot send headers when they open the socket."""

    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={200: TicketSerializer})
    def create(self, request: Request) -> Response:
        """Create a ticket that opens one socket within 30 seconds with the caller's rights."""
        assert isinstance(request.auth, Proof)  # every way to authenticate leaves one
        secret = tickets.issue(request.auth)
        return Response(TicketSerializer({"ticket": secret}).data, headers=NOT_KEPT)


def _valid(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    return dict(validated(serializer(data=request.data)))


def _answer(pair: jwt.Pair) -> Response:
    return Response(PairSerializer(pair._asdict()).data, headers=NOT_KEPT)


def _no_good_token() -> AuthenticationFailed:
    return AuthenticationFailed("The refresh token is unknown, expired, used or revoked.")
