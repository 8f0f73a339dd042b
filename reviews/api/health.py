"""Health, readiness and metrics, for probes and dashboards."""

import ipaddress
import threading
import time
from typing import Any

import psycopg
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from accounts.api.authentication import caller
from forges.metrics import DeliveryCollector, RequestCollector
from jobs.metrics import JobCollector, count_workers
from realtime import clock, log, shutdown
from realtime.broker import layer_answers
from realtime.hub import get_hub
from realtime.messages import wire_time
from realtime.metrics import of_all_processes
from realtime.registry import CHANNELS
from realtime.replica.metrics import ReplicaCollector
from realtime.replica.routing import is_configured
from realtime.replica.standing import STANDING
from reviews.api import problems
from reviews.deadlines.metrics import DeadlineCollector
from reviews.effects.metrics import EffectCollector
from reviews.metrics import ReviewCollector
from reviews.permissions import Permission

COLLECTORS = (
    ReviewCollector,
    EffectCollector,
    DeadlineCollector,
    JobCollector,
    DeliveryCollector,
    RequestCollector,
    ReplicaCollector,
)
REUSE_SECONDS = 1.0
POOL_SECONDS = 2
"""How long a probe waits for a connection."""


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Report that the process answers."""
    return JsonResponse({"status": "healthy", "timestamp": wire_time(clock.now())})


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Report that the process answers, without using the database or Redis."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Report whether the service can work: 503 without PostgreSQL or during shutdown.

    The status is 200 "degraded" without Redis. `jobs` only reports whether a worker runs.
    """
    if shutdown.begun():
        return JsonResponse({"status": "shutting down"}, status=503)
    checks = _readiness.get()
    if checks["database"] != "ok" or checks["migrations"] != "ok":
        return JsonResponse({"status": "unavailable", "checks": checks}, status=503)
    status = "ready" if checks["redis"] == "ok" else "degraded"
    return JsonResponse({"status": status, "checks": checks})


class Readiness:
    """The last checks, repeated at most once a second, as probes are open to everybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._checks: dict[str, Any] = {}

    def get(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() > self._until:
                self._checks = _check()
                self._until = time.monotonic() + REUSE_SECONDS
            return self._checks


_readiness = Readiness()


def _check() -> dict[str, Any]:
    try:
        _try_database()
        migrations, positions = _migrations(), log.positions()
        jobs = _jobs() if migrations == "ok" else "unknown"
    except (psycopg.Error, DatabaseError):
        return {"database": "away", "migrations": "unknown", "redis": "unknown"}
    return {
        "database": "ok",
        "migrations": migrations,
        "hub_lag_events": get_hub().lag(positions),
        "redis": "ok" if layer_answers() else "away",
        "jobs": jobs,
        **_replica(),
    }


def _try_database() -> None:
    """Query through the pool, as other code does, but with less patience."""
    pool: Any = connection.pool  # type: ignore[attr-defined]  # PostgreSQL's alone
    pool.open()
    with pool.connection(timeout=POOL_SECONDS) as pooled:
        pooled.execute("SELECT 1")


def _replica() -> dict[str, str]:
    """Return whether this process reads the replica, without asking it, which may take long."""
    if not is_configured():
        return {}
    return {"replica": "left out" if STANDING.is_left_out else "read"}


def _jobs() -> str:
    """Return whether a worker runs. Without one, all that people do goes on."""
    return "ok" if count_workers() else "no worker"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} missing" if missing else "ok"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics of all processes that share theirs: Prometheus text, or brief JSON."""
    if not (_from_this_machine(request) or caller(request).has_perm(Permission.VIEW_STATS)):
        return problems.response(403, "Metrics are for this machine or who may view stats.")
    registry = of_all_processes()
    if request.accepts("application/json") and not request.accepts("text/plain"):
        return JsonResponse(_in_short(registry))
    for kind in COLLECTORS:
        registry.register(kind())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _in_short(registry: CollectorRegistry) -> dict[str, int]:
    def value(name: str, **labels: str) -> int:
        return int(registry.get_sample_value(name, labels) or 0)

    return {
        "websocket_connections": value("hitl_websocket_connections_active"),
        **{
            f"subscribers_{channel}": value("hitl_websocket_subscribers", channel=channel)
            for channel in CHANNELS
        },
    }


def _from_this_machine(request: HttpRequest) -> bool:
    """Return whether the client is on this machine, and not a client of a proxy on it."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
