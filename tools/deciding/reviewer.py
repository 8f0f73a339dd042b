"""A reviewer of one server, who decides over REST and in the console."""

from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread
from typing import Any, Literal

import httpx
from websockets.sync.client import connect

from tests.support.forms import fields_of
from tests.support.people import api, issue
from tests.support.site import Server, Site, apv, decision
from tools.bench.processes import cpu_seconds

Way = Literal["REST", "form"]
WAYS: tuple[Way, ...] = ("REST", "form")
"""Over REST with an API token, and by the console's form, which answers its question."""
SUBSCRIBE = '{"type": "subscribe", "channels": ["decisions", "changes", "stats"]}'


class Reviewer:
    """Decides on new APVs of a server, to which one socket is open, as in use."""

    def __init__(self, site: Site, server: Server, stack: ExitStack) -> None:
        self._server = server
        self._browser = server.client("reviewer")
        token = f"Bearer {issue(site, 'reviewer')}"
        self._program = api(server, token)
        headers = {"Authorization": token}
        socket = stack.enter_context(connect(server.ws, additional_headers=headers, proxy=None))
        socket.send(SUBSCRIBE)
        Thread(target=lambda: [*socket]).start()  # reads until it is closed

    def decide(self, way: Way, count: int) -> float:
        """Record decisions; return the seconds of CPU that they took the server."""
        added = self._server.post("/hitl/apvs", [apv() for _ in range(count)], "pipeline").json()
        sends = [self._prepared(way, one) for one in added]
        before = cpu_seconds(self._server.process.pid)
        for send, status in sends:
            answer = send()
            assert answer.status_code == status, answer.text
        return cpu_seconds(self._server.process.pid) - before

    def _prepared(self, way: Way, one: dict[str, Any]) -> tuple[Callable[[], Any], int]:
        """Return what sends the decision, and the status of its answer."""
        if way == "REST":
            body = decision(one["apv_id"])
            return lambda: self._program.post("/hitl/decisions", json=body), 200
        path = f"/apvs/{one['apv_code']}"
        form = {**decision(one["apv_id"]), "confidence": "0.9", "version": one["version"]}
        answer = fields_of(self._browser.post(path, data=form))
        return lambda: self._answer(path, answer), 302

    def _answer(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Answer the question as if the page with the last decision's message was seen."""
        self._browser.cookies.pop("messages", None)
        return self._browser.post(path, data=form)
