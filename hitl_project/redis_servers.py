"""Where Redis is: one server, or the master that Sentinels name."""

import socket
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

import redis
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.sentinel import Sentinel

from hitl_project.variables import env, url

SCHEMES = ("redis", "rediss", "unix")
SENTINEL_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
SENTINEL_PORT = 26379
CONNECT_SECONDS = 2


class Sentinels(NamedTuple):
    """Sentinels, the name of the master that they know, and how to connect to both."""

    addresses: list[tuple[str, int]]
    options: dict[str, Any]
    """Of connections to the Sentinels."""
    master: str
    master_options: dict[str, Any]


def redis_url(name: str) -> str:
    """Return the URL of Redis in variable `name`, or "".

    It names a server, or Sentinels and their master:
    `redis+sentinel://:password@host:port,host:port/master/database?sentinel_password=…`, over TLS
    as `rediss+sentinel://`.
    """
    text: str = env.str(name, default="")
    if text.partition(":")[0] not in SENTINEL_SCHEMES:
        return url(name, *SCHEMES)
    try:
        sentinels(text)
    except ValueError:  # its message may quote the password
        raise ImproperlyConfigured(
            f"{name} must be like redis+sentinel://:password@host:26379,host:26379/master; in a "
            "password, write / @ : [ ] ? # % as %2F %40 and so on"
        ) from None
    return text


def sentinels(text: str) -> Sentinels:
    """Return what the URL of Sentinels says. Raise ValueError if it is not one."""
    parts = urlsplit(text)
    user, at, hosts = parts.netloc.rpartition("@")
    master, _, database = parts.path.strip("/").partition("/")
    addresses = [address(host) for host in hosts.split(",")]
    if not master:
        raise ValueError("no master")
    # The Sentinels tell the master's host.
    server = SplitResult(
        SENTINEL_SCHEMES[parts.scheme], f"{user}{at}host", database, parts.query, ""
    )
    options: dict[str, Any] = {**parse_url(urlunsplit(server))}  # type: ignore[no-untyped-call]
    del options["host"]
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    secured = {name: value for name, value in options.items() if name.startswith("ssl")}
    waits = {"socket_timeout": CONNECT_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
    return Sentinels(addresses, {**own, **secured, **waits}, master, options)


def address(text: str) -> tuple[str, int]:
    """Return the host and the port of a Sentinel."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path:
        raise ValueError("no host")
    return parts.hostname, parts.port or SENTINEL_PORT


def layer_host(text: str) -> dict[str, Any]:
    """Return the host of the channel layer for a URL, as channels_redis takes it."""
    options = {
        "socket_timeout": 15,
        "socket_connect_timeout": CONNECT_SECONDS,
        "health_check_interval": 10,
        "retry": Retry(NoBackoff(), 1),  # once, for a stale connection
    }
    if not text.startswith("unix:") and hasattr(socket, "TCP_USER_TIMEOUT"):
        # The health checks close a connection that died without notice and acknowledges nothing.
        options["socket_keepalive"] = True
        options["socket_keepalive_options"] = {socket.TCP_USER_TIMEOUT: 15_000}
    if text.partition(":")[0] not in SENTINEL_SCHEMES:
        return {"address": text or "redis://127.0.0.1:6379", **options}
    found = sentinels(text)
    return {
        "sentinels": found.addresses,
        "sentinel_kwargs": found.options,
        "master_name": found.master,
        **options,
        **found.master_options,
    }


def client(text: str, **options: Any) -> redis.Redis:
    """Return a client of the server that a URL names. Raise ValueError if it is not one."""
    if text.partition(":")[0] not in SENTINEL_SCHEMES:
        return redis.Redis.from_url(text, **options)
    found = sentinels(text)
    manager = Sentinel(found.addresses, sentinel_kwargs=found.options)  # type: ignore[no-untyped-call]
    options |= found.master_options
    master: redis.Redis = manager.master_for(found.master, **options)  # type: ignore[no-untyped-call]
    return master
