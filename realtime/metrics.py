"""Prometheus metrics of sockets. Dashboards and alerts in deploy/ use these names.

If PROMETHEUS_MULTIPROC_DIR is set, processes share their counts in files there, and each can answer
for all. The variable must be set before this module is imported.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from realtime.messages import Refusal
from realtime.socket.close_codes import COUNTED

REGISTRY = CollectorRegistry()
"""What this process has counted."""

CONNECTIONS = Counter(
    "hitl_websocket_connections_total", "Sockets that were let in.", registry=REGISTRY
)
ACTIVE = Gauge(
    "hitl_websocket_connections_active",
    "Sockets that are open.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
_subscribers = Gauge(
    "hitl_websocket_subscribers",
    "Sockets that follow a channel.",
    ["channel"],
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
_sent = Counter(
    "hitl_websocket_messages_sent_total",
    "Events and last values that were sent to sockets, live or replayed; answers are not counted.",
    ["channel", "message_type"],
    registry=REGISTRY,
)
_duration = Histogram(
    "hitl_websocket_broadcast_duration_seconds",
    "How long it took to write one burst of messages to all subscribers of a process.",
    ["channel"],
    registry=REGISTRY,
    buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
_closes = Counter(
    "hitl_websocket_closes_total",
    "Closed sockets, by close code; unknown codes count as `other`.",
    ["code"],
    registry=REGISTRY,
)
REFUSED_ORIGINS = Counter(
    "hitl_websocket_refused_origins_total",
    "Upgrades that were refused with HTTP 403: a page of another origin asked.",
    registry=REGISTRY,
)
REFUSED_CONNECTIONS = Counter(
    "hitl_connections_refused_total",
    "Connections that were closed: too many of one address, or of the process, or silent.",
    ["reason"],
    registry=REGISTRY,
)
RESUMES = Counter(
    "hitl_websocket_resume_total",
    "Positions that sockets resumed from: `recovered`, or why they must reload.",
    ["outcome"],
    registry=REGISTRY,
)
HUB_LAG = Gauge(
    "hitl_websocket_hub_lag_events",
    "Events that were committed and not delivered at the last poll; the worst process.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
_client_lag = Histogram(
    "hitl_websocket_client_lag_events",
    "Events that a client had still to handle when it said, by `ack`, how far it had come.",
    ["channel"],
    registry=REGISTRY,
    buckets=(0, 1, 10, 100, 1_000, 10_000),
)
SLOW_CLIENTS = Counter(
    "hitl_websocket_slow_clients_total",
    "Sockets that were ended as they did not read what was sent.",
    registry=REGISTRY,
)

for _code in (*sorted(map(int, COUNTED)), "other"):
    _closes.labels(_code)
for _outcome in ("recovered", *get_args(Refusal)):
    RESUMES.labels(_outcome)
for _reason in ("address", "process", "silent"):
    REFUSED_CONNECTIONS.labels(_reason)


class ChannelMetrics(NamedTuple):
    """The metrics of one channel."""

    subscribers: Gauge
    sent: Counter
    duration: Histogram
    client_lag: Histogram


_of_channels: dict[str, ChannelMetrics] = {}


def add_channel(name: str, message_types: Sequence[str]) -> None:
    """Count a channel from now on. Look up its labels once, as that costs more than counting."""
    kind = message_types[0] if len(message_types) == 1 else "several"
    _of_channels[name] = ChannelMetrics(
        _subscribers.labels(name),
        _sent.labels(name, kind),
        _duration.labels(name),
        _client_lag.labels(name),
    )


def of(channel: str) -> ChannelMetrics:
    """Return the metrics of a registered channel."""
    return _of_channels[channel]


def count_broadcast(channel: str, sent: int, seconds: float) -> None:
    """Count one burst that was written to all subscribers, as `sent` messages in total."""
    if sent:
        of(channel).sent.inc(sent)
        of(channel).duration.observe(seconds)


def count_resume(channel: str, events: int, reason: str | None) -> None:
    """Count a replay of so many events, or the reason why there was none."""
    RESUMES.labels(reason or "recovered").inc()
    of(channel).sent.inc(events)


def count_close(code: int) -> None:
    """Count a closed socket. Clients may send any code, so unknown codes share one series."""
    _closes.labels(int(code) if code in COUNTED else "other").inc()


def of_all_processes() -> CollectorRegistry:
    """Return a registry of what all processes that share PROMETHEUS_MULTIPROC_DIR count now."""
    registry = CollectorRegistry()
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        _forget_dead_processes(Path(folder))
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)  # a registry is a collector too
    return registry


def _forget_dead_processes(folder: Path) -> None:
    """Drop the gauges of processes that ended: their sockets are closed."""
    for file in folder.glob("gauge_live*.db"):
        found = re.fullmatch(r"gauge_live[a-z]*_(\d+)\.db", file.name)
        if found and not _is_alive(int(found[1])):
            mark_process_dead(found[1], str(folder))  # type: ignore[no-untyped-call]


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process, so it exists
        return True
    return True
