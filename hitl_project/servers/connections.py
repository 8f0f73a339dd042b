"""Limits on the connections of this process: per address, and in total by its open files.

A server calls `admit` for each new connection before it reads from it, and `release` at its end.
Refused connections are counted, and logged at intervals.
"""

import ipaddress
import resource
import time
from collections import Counter
from collections.abc import Hashable

import structlog
from django.conf import settings

from accounts.networks import network_of
from realtime.metrics import REFUSED_CONNECTIONS

logger = structlog.get_logger(__name__)

FIRST_BYTE_SECONDS = 10
"""How long a new connection may say nothing. Browsers open some ahead, and others if need be."""
RESERVED_FILES = 200
"""How many files a process needs besides: PostgreSQL, Redis, static files, logs."""
TELL_SECONDS = 10
"""How often the log tells of one kind of refusal, at most."""


class Connections:
    """The open connections, of any protocol."""

    def __init__(self) -> None:
        self._network_of: dict[Hashable, str | None] = {}
        """Where each comes from; None if many clients come through there."""
        self._count: Counter[str | None] = Counter()
        self._told_at: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def admit(self, line: Hashable, address: str) -> bool:
        """Return whether the server may keep `line`; `address` is "" for a Unix socket."""
        possible = open_files() - RESERVED_FILES
        if len(self._network_of) >= possible:
            return self.refuse("process", address)
        network = None if _is_proxy(address) else network_of(address)
        if network is not None and self._count[network] >= _most_of_one(possible):
            return self.refuse("address", address)
        self._network_of[line] = network
        self._count[network] += 1
        return True

    def release(self, line: Hashable) -> None:
        """Forget `line`, which has ended; it may never have been admitted."""
        if line in self._network_of:
            network = self._network_of.pop(line)
            self._count[network] -= 1
            if not self._count[network]:
                del self._count[network]

    def refuse(self, reason: str, address: str) -> bool:
        """Count a refused connection, and log it unless the last log line is recent."""
        REFUSED_CONNECTIONS.labels(reason).inc()
        self._untold[reason] += 1
        now = time.monotonic()
        if now - self._told_at.get(reason, float("-inf")) >= TELL_SECONDS:
            self._told_at[reason] = now
            count = self._untold.pop(reason)
            logger.warning("connections_refused", reason=reason, count=count, ip=address)
        return False


CONNECTIONS = Connections()


def open_files() -> int:
    """Return how many files this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def allow_open_files() -> None:
    """Raise the limit on open files to what the settings need; log it if it stays lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * settings.HITL_WS_MAX_CONNECTIONS + RESERVED_FILES  # besides sockets, there is HTTP
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    if (possible := open_files() - RESERVED_FILES) < settings.HITL_WS_MAX_CONNECTIONS:
        logger.warning(
            "too_few_open_files",
            limit=open_files(),
            connections=possible,
            hint="HITL_WS_MAX_CONNECTIONS is higher: raise the hard limit, ulimit -Hn, or lower it",
        )


def _most_of_one(possible: int) -> int:
    """Return how many connections one address may have, so that it never takes all of them."""
    return min(settings.HITL_CONNECTIONS_PER_ADDRESS or possible, max(possible // 2, 1))


def _is_proxy(address: str) -> bool:
    """Return whether `address` stands for many clients: HITL_TRUSTED_PROXIES names it."""
    return not address or any(_covers(named, address) for named in settings.HITL_TRUSTED_PROXIES)


def _covers(named: str, address: str) -> bool:
    """Return whether `named`, an address, a network or "*", covers `address`."""
    try:
        return named == "*" or ipaddress.ip_address(address) in ipaddress.ip_network(named)
    except ValueError:
        return named == address
