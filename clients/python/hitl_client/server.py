"""Where the server is, and how it is told who asks."""

import ipaddress
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx

from hitl_client.errors import Misconfigured

Token = str | Callable[[], str]
"""A token, or a function that returns the one of the moment; it is asked before each request."""

URL, TOKEN, TOKEN_FILE = "HITL_URL", "HITL_TOKEN", "HITL_TOKEN_FILE"
ALLOW_HTTP = "HITL_ALLOW_HTTP"


@dataclass(frozen=True)
class Server:
    """A console's address, and the token for it, which no text of this object has in it."""

    url: str
    token: Token = field(repr=False)
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context, repr=False)
    allow_http: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.strip().rstrip("/"))
        parts = _parts(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Misconfigured(f"This is no address of a server: {self._shown()}")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise Misconfigured("Give the server's address without a user, a query or a fragment.")
        if parts.scheme == "http" and not (self.allow_http or _is_loopback(parts.hostname)):
            raise Misconfigured(
                f"{self._shown()} would send the token unencrypted. Use https, or allow it with"
                f" allow_http=True or {ALLOW_HTTP}=1."
            )

    def address(self, path: str) -> str:
        return f"{self.url}/hitl/{path}"

    @property
    def socket(self) -> str:
        """The address of the socket."""
        return "ws" + self.address("ws").removeprefix("http")

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https:")

    def headers(self) -> dict[str, str]:
        """Return the header that authenticates. Raise Misconfigured if the token fits in none."""
        token = self.token if isinstance(self.token, str) else self.token()
        token = token.strip()
        if not (token and token.isascii() and token.isprintable()) or " " in token:
            raise Misconfigured("The token is empty, or has characters that no token has.")
        return {"Authorization": f"Bearer {token}"}

    def _shown(self) -> str:
        """Return the address without a password that it might have."""
        parts = _parts(self.url)
        return f"{parts.scheme}://{parts.hostname}" if parts.username else repr(self.url[:200])


def from_environment(
    url: str | None,
    token: Token | None,
    tls: ssl.SSLContext | None = None,
    allow_http: bool | None = None,
) -> Server:
    """Return the server of the arguments; what is None comes from environment variables.

    Raise Misconfigured, which names the variable, if something is missing.
    """
    found = url or os.environ.get(URL)
    if not found:
        raise Misconfigured(f"Where is the server? Set {URL}, such as https://hitl.example.com.")
    if allow_http is None:
        allow_http = os.environ.get(ALLOW_HTTP, "") not in {"", "0"}
    return Server(
        found, token or _token_of_environment(), tls or httpx.create_ssl_context(), allow_http
    )


def _token_of_environment() -> str:
    if token := os.environ.get(TOKEN):
        return token
    if path := os.environ.get(TOKEN_FILE):
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Misconfigured(f"{TOKEN_FILE}: {path} cannot be read: {why}.") from None
    raise Misconfigured(f"Who asks? Set {TOKEN}, or {TOKEN_FILE} to a file with the token in it.")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        httpx.URL(url)  # is stricter
    except (ValueError, httpx.InvalidURL):
        raise Misconfigured("This is no address of a server.") from None
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
