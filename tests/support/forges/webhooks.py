"""Webhooks of a fake forge: sent by a thread of its own, held back, lost, doubled or reordered."""

import hashlib
import hmac
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.waiting import wait_for

SECONDS = 10
"""How long a forge waits for the answer to a webhook."""


def hex_hmac(secret: str, body: bytes) -> str:
    """Sign as GitHub, Gitea and Forgejo do."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Webhook:
    """A webhook; `status` is what it was answered with, 0 if it was not."""

    event: str
    headers: dict[str, str]
    body: bytes
    status: int = field(default=0)


class Webhooks:
    """What a forge delivers to `url`. Nothing is delivered before there is one.

    While they are held, webhooks gather in `held`; `release` delivers them, in another order or
    twice if asked; `lose` drops them. `disturbed` loses, doubles or reorders all that come for a
    while. `sent` has all that were delivered.
    """

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.sent: list[Webhook] = []
        self.held: list[Webhook] = []
        self._holding = False
        self._times, self._batch = 1, 1
        self._gathered: list[Webhook] = []
        self._lock = threading.RLock()
        self._queue: queue.Queue[Webhook | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def add(self, webhook: Webhook) -> None:
        with self._lock:
            if self._holding:
                self.held.append(webhook)
            elif self.url:
                self._gathered.append(webhook)
                if len(self._gathered) >= self._batch:
                    self._send_gathered()

    def _send_gathered(self) -> None:
        """Send what was gathered, the last first."""
        gathered, self._gathered = self._gathered, []
        for webhook in gathered[::-1]:
            for _ in range(self._times):
                self._queue.put(webhook)

    @contextmanager
    def disturbed(self, *, times: int = 1, batch: int = 1) -> Iterator[None]:
        """Deliver each webhook `times` times, 0 for never, and `batch` of them in reverse order."""
        with self._lock:
            self._times, self._batch = times, batch
        try:
            yield
        finally:
            with self._lock:
                self._send_gathered()
                self._times, self._batch = 1, 1

    def hold(self) -> None:
        """Keep webhooks from now on."""
        with self._lock:
            self._holding = True

    def lose(self) -> None:
        """Drop those that are held, and hold no more."""
        with self._lock:
            self.held, self._holding = [], False

    def release(
        self,
        order: Callable[[Sequence[Webhook]], Sequence[Webhook]] = list,
        *,
        times: int = 1,
    ) -> None:
        """Deliver those that are held, `times` each, and hold no more."""
        with self._lock:
            held, self.held, self._holding = self.held, [], False
            for webhook in order(held):
                for _ in range(times):
                    self._queue.put(webhook)

    def settle(self) -> None:
        """Wait until all are delivered."""
        wait_for(lambda: not self._queue.unfinished_tasks, "the webhooks to be delivered")

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _deliver(self) -> None:
        with httpx.Client(timeout=SECONDS) as client:
            while webhook := self._queue.get():
                try:
                    answer = client.post(self.url, content=webhook.body, headers=webhook.headers)
                    webhook.status = answer.status_code
                except httpx.HTTPError:
                    webhook.status = 0
                self.sent.append(webhook)
                self._queue.task_done()
