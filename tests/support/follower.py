"""A client that follows docs/protocol.md: it ends with the state that a fresh reader sees."""

import contextlib
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.support.proxy import RESET
from tests.support.site import Server
from tests.support.waiting import ANSWER_SECONDS

LOGS = ("apvs", "decisions", "changes")
SERVICE_RESTART = 1012
PAGE = 200
OUTCOME = {
    "approve": "approved",
    "reject": "rejected",
    "modify": "changes_requested",
    "escalate": "escalated",
}

Position = tuple[str, int]
"""An epoch and an offset."""
Positions = dict[str, Position]


@dataclass(frozen=True)
class Resumed:
    """What the server answered to one `since`."""

    channel: str
    since: Position
    now: Position
    recovered: bool
    reason: str | None


@dataclass
class View:
    """What a reader knows of the APVs, and the positions of that knowledge."""

    positions: Positions = field(default_factory=dict)
    facts: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "View":
        return View(dict(self.positions), dict(self.facts), dict(self.decided))

    def state(self) -> dict[str, tuple[Any, ...]]:
        """Return each APV's facts and status."""
        known = self.facts.keys() | self.decided.keys()
        return {
            apv_id: (*self.facts.get(apv_id, ()), self.decided.get(apv_id, "pending"))
            for apv_id in known
        }

    def apply(self, event: dict[str, Any]) -> None:
        """Apply the next event of a log; fail if it comes twice."""
        epoch, last = self.positions[event["channel"]]
        assert event["offset"] == last + 1, f"{event} out of order after {last}"
        self.positions[event["channel"]] = (epoch, event["offset"])
        apv_id = event["apv_id"]
        if event["type"] == "new_apv":
            assert apv_id not in self.facts, f"told twice: {event}"
            self.facts[apv_id] = facts(event)
        elif event["type"] == "decision_made":
            outcome = OUTCOME[event["decision"]]
            assert self.decided.get(apv_id) in {None, "escalated"}, f"told twice: {event}"
            self.decided[apv_id] = outcome


def facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("apv_code", "severity", "cve_id", "package_name"))


def read_anew(server: Server) -> View:
    """Read the view over REST, page by page, all at the same positions."""
    client = server.client()
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["skip"] + PAGE < pages[-1]["total"]:
        answer = client.get("/hitl/apvs", params={"skip": len(pages) * PAGE, "limit": PAGE})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        assert pages[-1]["positions"] == pages[0]["positions"], "somebody wrote meanwhile"
    rows = [row for page in pages for row in page["apvs"]]
    return View(
        positions=positions_in(pages[0]),
        facts={row["apv_id"]: facts(row) for row in rows},
        decided={row["apv_id"]: row["status"] for row in rows if row["status"] != "pending"},
    )


def positions_in(message: dict[str, Any]) -> Positions:
    return {name: (at["epoch"], at["offset"]) for name, at in message["positions"].items()}


class Follower:
    """One reader of the logs and of `stats`."""

    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self._server = server
        self._connection: ClientConnection | None = None
        self.view = View()
        self.stats: dict[str, Any] = {}
        self.resumed: list[Resumed] = []
        """The answers to every `since`, for the test to judge and clear."""
        self.closed_with: list[int | None] = []
        """The codes with which the server ended a connection, likewise."""

    @property
    def online(self) -> bool:
        return self._connection is not None

    # -- The line -----------------------------------------------------------------------------

    def load(self) -> None:
        self.view = read_anew(self._server)

    def go_online(self) -> None:
        """Connect and resume from the view's positions."""
        cookies = self._server.client().cookies
        self._connection = connect(
            self._server.ws,
            additional_headers={"Cookie": f"hitl_session={cookies['hitl_session']}"},
            origin=Origin(self._server.origin),
            proxy=None,
            compression=None,
            legacy=True,  # a dropped connection needs no closing handshake
        )
        assert self._receive()["type"] == "connection_ack"
        self.resume(*LOGS)

    def drop_the_line(self) -> None:
        """End the TCP connection without a closing handshake; the server sees a reset."""
        assert self._connection is not None
        self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._connection.close_socket()
        self._connection = None

    def resume(self, *channels: str) -> None:
        """Subscribe from the view's positions; reload when the server says so."""
        since = {name: self.view.positions[name] for name in channels}
        self._send(
            type="subscribe",
            channels=[*channels, "stats"],
            since={name: {"epoch": at[0], "offset": at[1]} for name, at in since.items()},
            snapshot=True,
        )
        while (answer := self._receive())["type"] != "subscription_confirmed":
            self._take(answer, mind_gaps=False)  # sent before the server read the request
        now = positions_in(answer)
        assert answer["recovered"].keys() == now.keys() == since.keys(), answer
        for name, at in since.items():
            recovered, reason = answer["recovered"][name], answer["reason"].get(name)
            self.resumed.append(Resumed(name, at, now[name], recovered, reason))
        if not all(answer["recovered"].values()):
            self.load()

    # -- Messages -----------------------------------------------------------------------------

    def catch_up(self, tops: Positions) -> None:
        """Return when both the server and this reader have reached `tops`."""
        deadline = time.monotonic() + ANSWER_SECONDS / 2
        while self._ping() != tops or self.view.positions != tops:
            assert time.monotonic() < deadline, (
                f"{self.name} stands at {self.view.positions}, the database at {tops}"
            )
            self._listen()

    def hear_stats(self, expected: dict[str, Any]) -> None:
        """Return when the latest `stats_update` has the `expected` numbers."""
        deadline = time.monotonic() + ANSWER_SECONDS / 2
        while not expected.items() <= self.stats.items():
            assert time.monotonic() < deadline, f"stats stay {self.stats}, not {expected}"
            self._listen()

    def _listen(self) -> None:
        """Take what comes within a moment, so as not to ping continuously."""
        with contextlib.suppress(TimeoutError, ConnectionClosed):  # the next ping sees the latter
            self._take(self._receive(seconds=0.05))

    def _ping(self) -> Positions:
        """Take what comes until the answer to a ping; return its positions."""
        try:
            self._send(type="ping")
            while (message := self._receive())["type"] != "pong":
                self._take(message)
            positions = positions_in(message)
            if lagging := [name for name in LOGS if self._misses(name, positions[name])]:
                self.resume(*lagging)
        except ConnectionClosed as closed:
            self.closed_with.append(closed.rcvd.code if closed.rcvd else None)
            self.go_online()
            return {}
        return positions

    def _misses(self, channel: str, top: Position) -> bool:
        epoch, offset = self.view.positions[channel]
        return top[0] != epoch or top[1] > offset

    def _take(self, message: dict[str, Any], *, mind_gaps: bool = True) -> None:
        if message["type"] == "stats_update":
            self.stats = message
            return
        assert message["type"] in {"new_apv", "decision_made", "effect_changed"}, message
        last = self.view.positions[message["channel"]][1]
        if message["offset"] == last + 1:
            self.view.apply(message)
        elif message["offset"] > last and mind_gaps:
            self.resume(message["channel"])

    def _send(self, **message: Any) -> None:
        assert self._connection is not None
        self._connection.send(json.dumps(message))

    def _receive(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        assert self._connection is not None
        return dict(json.loads(self._connection.recv(seconds)))
