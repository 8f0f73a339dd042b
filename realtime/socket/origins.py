"""The origins whose pages may open a socket."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the request headers of an ASGI scope; of a repeated one, the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Return whether the socket has no origin or an allowed one.

    Scheme, host and port must all match. Without HITL_ALLOWED_ORIGINS the origin must be the one
    that the request itself was sent to.
    """
    headers = headers_of(scope)
    origin = headers.get("origin")
    if origin is None:
        return True  # not a browser; its session cookie will not count either
    if settings.HITL_ALLOWED_ORIGINS:
        return origin in settings.HITL_ALLOWED_ORIGINS
    host = headers.get("host", "")
    scheme = "https" if settings.BEHIND_TLS or scope.get("scheme") == "wss" else "http"
    name, _ = split_domain_port(host)
    return origin == f"{scheme}://{host}" and validate_host(name, settings.ALLOWED_HOSTS)
