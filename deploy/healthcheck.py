"""Exit with 0 if the service in this container is ready, for the image's health check."""

import http.client
import os
import sys

SECONDS = 4.0
EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 — compared with, not bound to # nosec B104


def allowed_host() -> str:
    """Return a host name that the service answers to."""
    first = os.environ.get("ALLOWED_HOSTS", "").partition(",")[0].strip()
    return first.removeprefix(".") if first not in {"", "*"} else "localhost"


def address() -> str:
    """Return an address on which the service listens."""
    named = os.environ.get("HOST", "")
    return "127.0.0.1" if named in EVERYWHERE else named


def is_ready() -> bool:
    port = int(os.environ.get("PORT") or 8003)
    connection = http.client.HTTPConnection(address(), port, timeout=SECONDS)
    try:
        connection.request("GET", "/hitl/health/ready", headers={"Host": allowed_host()})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_ready())
