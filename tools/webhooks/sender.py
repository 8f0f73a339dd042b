"""Send webhooks at a rate from a process of its own; print the seconds that each answer took.

Standard input has one JSON object: `address`, `path`, `secret`, `pulls`, `repository`, `count`,
`seconds`, `cookie`. `/hitl/health` is asked and a socket pinged meanwhile, BESIDE times a second.
"""

import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.sync.client import connect

LINES = 8
"""How many connections the webhooks share."""
BESIDE = 20
SIZE = 20_000
"""About how large GitHub's webhooks about pull requests are, in bytes."""


def webhook(number: int, given: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    pull = given["pulls"][number % len(given["pulls"])]
    body = json.dumps(
        {
            "action": "synchronize",
            "number": pull,
            "pull_request": {"number": pull, "body": "x" * SIZE},
            "repository": {"id": given["repository"], "full_name": "acme/shop"},
        }
    ).encode()
    digest = hmac.new(given["secret"].encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": f"flood-{number}",
    }


class Flood:
    """What is sent, as standard input describes it, and the seconds that each answer took."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._address = given["address"]
        self._webhooks = [webhook(number, given) for number in range(given["count"])]
        self.took: dict[str, list[float]] = {"webhook": [], "/hitl/health": [], "ping": []}

    def run(self) -> None:
        threads = [threading.Thread(target=self._send_some, args=[first]) for first in range(LINES)]
        threads += [threading.Thread(target=self._ask_health), threading.Thread(target=self._ping)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send_some(self, first: int) -> None:
        """Send every LINES-th webhook over one connection, beginning with the `first`."""
        connection = self._connection()

        def send(number: int) -> None:
            body, headers = self._webhooks[number]
            connection.request("POST", self._given["path"], body, headers)
            answer = connection.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()

        numbers = range(first, self._given["count"], LINES)
        timed(numbers, self._given["count"] / self._given["seconds"], send, self.took["webhook"])

    def _ask_health(self) -> None:
        connection = self._connection()

        def ask() -> None:
            connection.request("GET", "/hitl/health")
            assert connection.getresponse().read()

        self._beside(ask, self.took["/hitl/health"])

    def _ping(self) -> None:
        headers = {"Cookie": f"hitl_session={self._given['cookie']}"}
        origin: Any = f"http://{self._address}"
        uri = f"ws://{self._address}/hitl/ws"
        with connect(uri, additional_headers=headers, origin=origin, proxy=None) as socket:
            socket.recv()

            def ping() -> None:
                socket.send('{"type": "ping"}')
                socket.recv()

            self._beside(ping, self.took["ping"])

    def _beside(self, act: Callable[[], None], took: list[float]) -> None:
        """Act BESIDE times a second for as long as webhooks are sent."""
        timed(range(int(BESIDE * self._given["seconds"])), BESIDE, lambda _: act(), took)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=60)


def timed(numbers: range, per_second: float, act: Callable[[int], None], took: list[float]) -> None:
    """Act for each number at its time, or as soon as the one before is done."""
    began = time.monotonic()
    for number in numbers:
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        started = time.monotonic()
        act(number)
        took.append(time.monotonic() - started)


def main() -> None:
    flood = Flood(json.load(sys.stdin))
    flood.run()
    json.dump(flood.took, sys.stdout)


if __name__ == "__main__":
    main()
