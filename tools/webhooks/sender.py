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


def timed(numbers: range, per_second: float, act: Callable[[int], None], took: list[float]) -> None:
    """Act for each number at its time, or as soon as the one before is done."""
    began = time.monotonic()
    for number in numbers:
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        started = time.monotonic()
        act(number)
        took.append(time.monotonic() - started)


def line(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, timeout=60)


def main() -> None:
    given = json.load(sys.stdin)
    webhooks: list[float] = []
    healths: list[float] = []
    pings: list[float] = []
    made = [webhook(number, given) for number in range(given["count"])]
    rate = given["count"] / given["seconds"]

    def send_some(first: int) -> None:
        connection = line(given["address"])

        def send(number: int) -> None:
            body, headers = made[number]
            connection.request("POST", given["path"], body, headers)
            answer = connection.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()

        timed(range(first, given["count"], LINES), rate, send, webhooks)

    def ask_health() -> None:
        connection = line(given["address"])

        def ask(_: int) -> None:
            connection.request("GET", "/hitl/health")
            assert connection.getresponse().read()

        timed(range(int(BESIDE * given["seconds"])), BESIDE, ask, healths)

    def ping() -> None:
        headers = {"Cookie": f"hitl_session={given['cookie']}"}
        origin: Any = f"http://{given['address']}"
        uri = f"ws://{given['address']}/hitl/ws"
        with connect(uri, additional_headers=headers, origin=origin, proxy=None) as socket:
            socket.recv()

            def ask(_: int) -> None:
                socket.send('{"type": "ping"}')
                socket.recv()

            timed(range(int(BESIDE * given["seconds"])), BESIDE, ask, pings)

    threads = [threading.Thread(target=send_some, args=[first]) for first in range(LINES)]
    threads += [threading.Thread(target=ask_health), threading.Thread(target=ping)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"webhook": webhooks, "/hitl/health": healths, "ping": pings}, sys.stdout)


if __name__ == "__main__":
    main()
