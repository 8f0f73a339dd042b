"""The App of the fake GitHub: its key, its permissions, and the tokens of its installation."""

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forges.models import Credentials, Forge
from tests.support.forges.core import FakeForge
from tests.support.forges.http import Asked, Failure, Reply, route

APP_ID, INSTALLATION_ID = "1001", "2002"
PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "statuses": "write",
}


class App(FakeForge):
    """What a GitHub has besides. `app_tokens` are those that it gave to the App, newest last."""

    def __init__(self) -> None:
        super().__init__()
        self.permissions = dict(PERMISSIONS)
        self.key = _key()
        self.app_tokens: list[str] = []
        self.milliseconds = False
        """Whether times of tokens have fractions of a second, as some servers write them."""

    def app_row(self) -> Forge:
        """Return a row whose credentials are the App's."""
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        pem = self.key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
        forge = self.row()
        forge.set_credentials(
            Credentials(app_id=APP_ID, installation_id=INSTALLATION_ID, private_key=pem)
        )
        return forge

    def revoke_app_tokens(self) -> None:
        for token in self.app_tokens:
            self.tokens.pop(token, None)

    @route("POST", "/app/installations/{installation}/access_tokens")
    def _access_token(self, asked: Asked, installation: str) -> Reply:
        self._check_app(asked, installation)
        token = f"ghs_{secrets.token_hex(20)}"
        self.tokens[token] = self.account("console[bot]")
        self.app_tokens.append(token)
        expires = datetime.now(UTC) + timedelta(hours=1)
        form = "%Y-%m-%dT%H:%M:%S.123Z" if self.milliseconds else "%Y-%m-%dT%H:%M:%SZ"
        value = {"token": token, "expires_at": expires.strftime(form)}
        return Reply(201, {**value, "permissions": self.permissions})

    @route("GET", "/app/installations/{installation}")
    def _installation(self, asked: Asked, installation: str) -> dict[str, Any]:
        self._check_app(asked, installation)
        return {"id": int(installation), "app_slug": "console", "permissions": self.permissions}

    def _check_app(self, asked: Asked, installation: str) -> None:
        try:
            claims = jwt.decode(self.token_of(asked), self.key.public_key(), algorithms=["RS256"])
        except jwt.PyJWTError as error:
            raise Failure(401, f"A JSON web token could not be decoded: {error}") from None
        if claims["iss"] != APP_ID or claims["exp"] - claims["iat"] > 660:
            raise Failure(401, "'Expiration time' claim ('exp') is too far in the future")
        if installation != INSTALLATION_ID:
            raise Failure(404, "Not Found")


@cache
def _key() -> rsa.RSAPrivateKey:
    """Return the key of the App, the same for all: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
