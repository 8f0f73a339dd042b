"""JSON web tokens whose times are the database's.

Their libraries compare them with the clock of the host, which may be minutes away from that of the
host that issued a token: it would have expired already, or not be issued yet.
"""

from datetime import datetime
from typing import Any

import jwt
from jwt.types import Options
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

from realtime import clock

UNCHECKED: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}
"""What PyJWT leaves out; the token itself checks when it expires."""


class SignatureBackend(TokenBackend):
    """Reads a token by its signature alone."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return what a token says. Raise TokenBackendError if its signature is not ours."""
        try:
            return jwt.decode(
                token, self.prepared_signing_key, algorithms=[self.algorithm], options=UNCHECKED
            )
        except jwt.InvalidTokenError:
            raise TokenBackendError("Token is invalid") from None


BACKEND = SignatureBackend(api_settings.ALGORITHM, api_settings.SIGNING_KEY)


class DatabaseTime:
    """A token that expires by the database's time."""

    _token_backend: TokenBackend | None = BACKEND

    @property
    def current_time(self) -> datetime:
        """Return the database's time; what the library sets is the host's."""
        return clock.now()

    @current_time.setter
    def current_time(self, of_host: datetime) -> None:
        pass


class Access(DatabaseTime, AccessToken):
    """An access token of a sign-in."""


class Refresh(DatabaseTime, RefreshToken):  # type: ignore[misc] # bases of the library disagree
    """A refresh token of a sign-in."""

    access_token_class = Access

    def check_blacklist(self) -> None:
        """Do nothing: `renew` checks this while it holds a lock."""

    def outstand(self) -> Any:
        """Record that this token was issued: its id, not its secret."""
        return OutstandingToken.objects.create(
            jti=self["jti"],
            user_id=self["user_id"],
            created_at=self.current_time,
            expires_at=self.expiry(),
        )

    def expiry(self) -> datetime:
        """Return when it expires."""
        return datetime_from_epoch(self["exp"])
