"""Installation tokens of GitHub Apps: asked for with the App's key, kept until they run out."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

import jwt

from forges.clients.http import Http
from forges.errors import NotAllowed
from forges.models import Credentials
from realtime import clock

CLOCK_SECONDS = 60
"""How far a clock may be off; GitHub recommends to date tokens back by it."""
JWT_SECONDS = 540
"""GitHub takes none that lives longer than ten minutes."""
SPARE = timedelta(minutes=5)
"""How long before its end a token is no longer used."""


@dataclass(frozen=True)
class AppKey:
    """Authenticates as the App itself, which may only ask about itself and for tokens."""

    credentials: Credentials

    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._jwt()}"}

    def renew(self) -> bool:
        return False

    def _jwt(self) -> str:
        now = int(clock.seconds())
        claims = {
            "iss": self.credentials.app_id,
            "iat": now - CLOCK_SECONDS,
            "exp": now + JWT_SECONDS,
        }
        try:
            return jwt.encode(claims, self.credentials.private_key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            raise NotAllowed("the App's private key is no RSA key in PEM") from None


@dataclass(frozen=True)
class _Kept:
    token: str = field(repr=False)
    expires_at: datetime


_tokens: dict[str, _Kept] = {}
"""The tokens of this process, for a job makes a client of its own."""
_lock = Lock()


@dataclass
class InstallationToken:
    """Authenticates as one installation of an App. `as_app` sends requests as the App."""

    as_app: Http
    credentials: Credentials

    def header(self) -> dict[str, str]:
        with _lock:
            kept = _tokens.get(self._key())
        if kept is None or kept.expires_at - SPARE <= clock.now():
            kept = self._new()
        return {"Authorization": f"Bearer {kept.token}"}

    def renew(self) -> bool:
        """Drop the token that the forge refused: the next one is new."""
        with _lock:
            _tokens.pop(self._key(), None)
        return True

    def _new(self) -> _Kept:
        path = f"/app/installations/{self.credentials.installation_id}/access_tokens"
        told = self.as_app.send("POST", path).fields("access_tokens")
        kept = _Kept(told.text("token"), told.time("expires_at"))
        with _lock:
            _tokens[self._key()] = kept
        return kept

    def _key(self) -> str:
        """Return a name for a token of this installation, asked for with this key, here."""
        parts = (
            self.as_app.address,
            self.credentials.app_id,
            self.credentials.installation_id,
            self.credentials.private_key,
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def forget() -> None:
    """Forget all tokens."""
    with _lock:
        _tokens.clear()
