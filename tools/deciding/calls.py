"""Count what a decision over REST runs: `manage.py shell` of either commit executes this text.

It serves the requests in its own process, as a server with open sockets does in a thread. It prints
how many calls of Python functions and how many statements one decision takes, and which functions
take the most CPU of it.
"""

import asyncio
import cProfile
import json
import pstats
import time
from threading import Thread
from typing import Any

from django.contrib.auth import get_user_model
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from realtime import broker
from tests.support.site import apv, decision

DECISIONS, FUNCTIONS = 100, 25

requests = RequestFactory(SERVER_NAME="127.0.0.1")
handler = BaseHandler()
handler.load_middleware()


def post(user: str, path: str, body: Any) -> Any:
    """Return a request of a program."""
    token = AuthToken.objects.create(get_user_model().objects.get(username=user))[1]
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(path, json.dumps(body), "application/json", headers=headers)


def respond(request: Any) -> Any:
    answer: Any = handler.get_response(request)
    assert answer.status_code in {200, 201}, answer.content
    return answer


def decisions(count: int) -> list[Any]:
    added = respond(post("pipeline", "/hitl/apvs", [apv() for _ in range(count)])).content
    bodies = [decision(one["apv_id"]) for one in json.loads(added)]
    return [post("reviewer", "/hitl/decisions", body) for body in bodies]


class Hub:
    """Sends everything at once, to nobody."""

    def wants(self, channel: str) -> bool:
        return True

    def receive(self, payloads: Any, values: Any) -> None:
        pass


async def listen() -> None:
    broker.register(broker.Broker(Hub(), "calls"))


loop = asyncio.new_event_loop()
Thread(target=loop.run_forever, daemon=True).start()
asyncio.run_coroutine_threadsafe(listen(), loop).result()
[first, *others] = decisions(DECISIONS + 1)
for request in decisions(20):  # what is loaded once costs no later decision
    respond(request)
with CaptureQueriesContext(connection) as statements:
    respond(first)
profile = cProfile.Profile(time.thread_time, builtins=False)
for request in others:
    profile.runcall(respond, request)
stats: Any = pstats.Stats(profile).sort_stats("tottime")
print(f"{stats.total_calls / DECISIONS:.0f} calls, {len(statements)} statements")
stats.print_stats(FUNCTIONS)
