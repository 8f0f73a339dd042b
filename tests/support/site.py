"""A running installation, as a test sees it from outside: server processes on a real database."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import httpx
import psycopg
import redis
from websockets.asyncio.client import ClientConnection, connect

from tests.support.commands import Commands
from tests.support.waiting import ANSWER_SECONDS, START_SECONDS, wait_for

JSON = {"Content-Type": "application/json"}

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "correct-horse-battery"
TEMPLATE = "template-of-sites"
NEW_EPOCHS = """
UPDATE realtime_counter
SET epoch = replace(gen_random_uuid()::text, '-', ''), history = realtime_history()
"""
REUSE = httpx.Limits(keepalive_expiry=1)
"""Shorter than a server keeps an idle connection: it would close one just as it is used again."""
ADDRESS = r"http://127\.0\.0\.1:(\d+)/"
"""Finds the port in the address that `serve` prints."""


class Site:
    """A database, and the commands and servers that use it."""

    _made: ClassVar[Counter[str]] = Counter()
    """How many sites of a name this process made: fixtures of a module may be set up again."""

    def __init__(self, name: str, *, source: str = "", **variables: str) -> None:
        """Copy the database `source`, or else the template that this tree's code made."""
        self._made[name] += 1
        again = self._made[name]
        self.name = name if again == 1 else f"{name}-{again}"
        admin = os.environ["DATABASE_URL"]
        self.database_url = admin.replace("/postgres?", f"/{self.name}?")
        assert self.database_url != admin
        self.environment = environment_of(self.database_url, variables)
        copied = source or template()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{copied}"')
        if not source:
            self.execute(NEW_EPOCHS)

    @cached_property
    def _commands(self) -> Commands:
        return Commands(self.environment)

    def manage(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Run a management command in its own process; return what it printed."""
        code, printed = self._commands.run(arguments, stdin)
        if check:
            assert code == 0, printed
        return printed

    def close(self) -> None:
        """Release the database: no command runs after this."""
        self._commands.close()
        del self._commands

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, *parameters: Any) -> None:
        with psycopg.connect(self.database_url) as connection:
            connection.execute(sql, parameters)

    def empty(self, table: str) -> None:
        """Empty a table and those that refer to it, though a server may still write there."""
        while True:
            try:
                return self.execute(f"TRUNCATE {table} CASCADE")
            except psycopg.errors.DeadlockDetected:
                pass  # the server was let through

    def status_of(self, apv: dict[str, Any]) -> str:
        sql = "SELECT status FROM reviews_apv WHERE apv_id = %s"
        return str(self.rows(sql, apv["apv_id"])[0][0])

    def vacuum(self) -> None:
        """Update the planner's statistics, as PostgreSQL does by itself after a while."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    @contextlib.contextmanager
    def uvicorn(
        self, *, port: int = 0, program: str = "manage.py", **variables: str
    ) -> Iterator["Server"]:
        command = [sys.executable, *program.split(), "serve", "--port", str(port)]
        with self._serving(command, variables) as server:
            yield server

    @contextlib.contextmanager
    def daphne(self, *, port: int = 0, **variables: str) -> Iterator["Server"]:
        command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
        with self._serving(command, variables, r"TCP address 127\.0\.0\.1:(\d+)") as server:
            yield server

    @contextlib.contextmanager
    def _serving(
        self, command: list[str], variables: dict[str, str], address: str = ADDRESS
    ) -> Iterator["Server"]:
        log = Path(os.environ["HITL_VAR"]) / f"server-{time.monotonic_ns()}.log"
        process = launch(command, {**self.environment, **variables}, log)
        try:
            yield listening(process, log, address)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment_of(database_url: str, variables: dict[str, str]) -> dict[str, str]:
    """Return the environment of a site's processes; `variables` replace what is for tests."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "HITL_DEMO_PASSWORD": PASSWORD,
        "HITL_WRITES_PER_MINUTE": "0",
        "HITL_SIGN_INS_PER_MINUTE": "0",
        "HITL_WS_RATE_PER_MINUTE": "100000",
        "HITL_WS_IDLE_SECONDS": "3600",
        "HITL_SHUTDOWN_GRACE_SECONDS": "0",
        "HITL_WS_MAX_PER_USER": "5000",  # tests open many sockets of one user
        "HITL_CONNECTIONS_PER_ADDRESS": "0",  # and from one address
        "HITL_JOB_WORKERS": "0",  # tests of jobs start their own
        **variables,
    }


def launch(command: list[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a server process that writes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )


def listening(process: "subprocess.Popen[bytes]", log: Path, address: str = ADDRESS) -> "Server":
    """Return the server once it answers; `address` finds the port in what the process prints."""

    def port() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text()
        return re.search(address, log.read_text())

    found = wait_for(port, f"the server to listen: {log}", START_SECONDS)
    server = Server(int(found[1]), process, log)
    wait_for(server.answers, "the server to answer", START_SECONDS)
    return server


@cache
def template() -> str:
    """Return the name of a migrated database with the demo users, the template of all others."""
    site = Site(TEMPLATE, source="template1")
    site.manage("migrate", "--verbosity", "0")
    site.manage("create_demo_users")
    site.close()
    return TEMPLATE


@contextlib.asynccontextmanager
async def serving(site: Site, port: int = 0) -> AsyncIterator["Server"]:
    """Start a server process, and stop it, without blocking the event loop."""
    running = site.uvicorn(port=port)
    server = await asyncio.to_thread(running.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


Start = Callable[..., contextlib.AbstractContextManager["Server"]]
"""How a server is started with variables of its own."""


def hubs_listening(client: redis.Redis) -> int:
    """Return how many hubs subscribe to decisions."""
    groups = client.pubsub_channels("*__group__decisions")
    return sum(count for _, count in client.pubsub_numsub(*groups))


class Server:
    """One server process."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/hitl/ws"
        self.process = process
        self.log = log
        self._clients: dict[str, httpx.Client] = {}

    def printed(self) -> str:
        """Return what the process has written so far."""
        return self.log.read_text()

    def answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.origin}/hitl/health/live", timeout=5).status_code == 200
        return False

    def client(self, user: str = "reviewer") -> httpx.Client:
        """Return an HTTP client signed in as `user`, or one without credentials for ""."""
        if user not in self._clients:
            client = httpx.Client(base_url=self.origin, timeout=60, limits=REUSE)
            if user:
                sign_in(client, user)
            self._clients[user] = client
        return self._clients[user]

    def forget(self, user: str) -> None:
        """Sign `user` in again the next time: this session is about to end."""
        self._clients.pop(user, None)

    def post(self, path: str, body: Any, user: str = "reviewer", **headers: str) -> httpx.Response:
        return self.client(user).post(path, json=body, headers=headers)

    def add_apv(self, **fields: Any) -> dict[str, Any]:
        answer = self.post("/hitl/apvs", apv(**fields), user="pipeline")
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def decide(self, apv_id: str, user: str = "reviewer", **fields: Any) -> httpx.Response:
        return self.post("/hitl/decisions", decision(apv_id, **fields), user=user)

    @contextlib.asynccontextmanager
    async def socket(self, user: str = "reviewer", **options: Any) -> AsyncIterator["Socket"]:
        """Return a socket of `user` that has received its ack."""
        async with self.raw_socket(user, **options) as connection:
            socket = Socket(connection)
            socket.ack = await socket.receive()
            yield socket

    def raw_socket(self, user: str = "reviewer", *, uri: str = "", **options: Any) -> connect:
        """Return a connection of `user`, to `uri` if given, else to the server."""
        headers = options.pop("headers", {})
        if user:
            cookies = self.client(user).cookies
            headers = {"Cookie": f"hitl_session={cookies['hitl_session']}", **headers}
        given: dict[str, Any] = {"origin": self.origin, "proxy": None, **options}
        return connect(uri or self.ws, additional_headers=headers, **given)


class Socket:
    """A websocket that speaks JSON."""

    ack: dict[str, Any]

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            return dict(json.loads(await self.connection.recv()))

    async def ask(self, message: Any) -> dict[str, Any]:
        """Send a message and return the next one that comes."""
        await self.send(message)
        return await self.receive()

    async def subscribe(self, *channels: str, **fields: Any) -> dict[str, Any]:
        answer = await self.ask({"type": "subscribe", "channels": list(channels), **fields})
        assert answer["type"] == "subscription_confirmed", answer
        return answer

    async def until(self, **fields: Any) -> dict[str, Any]:
        """Return the next message with these fields; skip others."""
        while True:
            message = await self.receive()
            if fields.items() <= message.items():
                return message

    async def heard_before_pong(self) -> list[dict[str, Any]]:
        """Return all messages before the answer to a ping: everything sent until now."""
        await self.send({"type": "ping"})
        heard = []
        while (message := await self.receive())["type"] != "pong":
            heard.append(message)
        return heard

    async def close_code(self) -> int | None:
        """Return the code with which the server closes the socket."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self.connection.wait_closed()
        return self.connection.close_code


def sign_in(client: httpx.Client, user: str) -> None:
    client.get("/sign-in")
    form = {"username": user, "password": PASSWORD}
    form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
    answer = client.post("/sign-in", data=form, headers={"Referer": str(client.base_url)})
    assert answer.status_code == 302, answer.text
    client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
    client.headers["Referer"] = str(client.base_url)  # over TLS it must be there


DIFF = """--- a/requirements.txt
+++ b/requirements.txt
@@ -1 +1 @@
-requests==2.30.0
+requests==2.31.0
"""


def apv(**fields: Any) -> dict[str, Any]:
    """Return the body of a complete APV; `fields` replace its own."""
    return {
        "severity": "HIGH",
        "cve_id": "CVE-2023-32681",
        "cve_title": "Proxy credentials leak to the destination",
        "cvss_score": 6.1,
        "cwe_ids": ["CWE-200"],
        "package_name": "requests",
        "package_version": "2.30.0",
        "package_ecosystem": "PyPI",
        "fixed_version": "2.31.0",
        "confirmed": True,
        "confirmation_confidence": 0.91,
        "patch_strategy": "version_bump",
        "patch_diff": DIFF,
        "validation_passed": True,
        "pr_number": 7,
        "pr_url": "https://git.example.com/shop/pulls/7",
        "wargame_verdict": "success",
        "wargame_evidence": {"attempts_before": 3, "attempts_after": 0},
        **fields,
    }


COPIES = """
INSERT INTO reviews_apv
SELECT copy.* FROM (SELECT reviews_apv AS whole FROM reviews_apv LIMIT 1) AS one,
    generate_series(%s::int, %s) AS number,
    jsonb_populate_record(whole, jsonb_build_object(
        'apv_id', gen_random_uuid(), 'apv_code', 'APV-2000-' || (1000 + number))) AS copy
"""
"""Makes copies of an APV that is there, numbered from one parameter to another; no door does so."""


def decision(apv_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "apv_id": apv_id,
        "decision": "approve",
        "justification": "The bump is minimal and the wargame holds.",
        **fields,
    }


def add(server: Server, count: int) -> list[str]:
    answer = server.post("/hitl/apvs", [apv() for _ in range(count)], user="pipeline")
    assert answer.status_code == 201, answer.text
    return [one["apv_id"] for one in answer.json()]


async def closed_within(socket: Socket, seconds: float) -> tuple[int | None, str | None]:
    """Return the code and reason with which the socket closes by then."""
    async with asyncio.timeout(seconds):
        await socket.connection.wait_closed()
    return socket.connection.close_code, socket.connection.close_reason


CREATE = (
    "from reviews.models import APV; print(APV.objects.create("
    "severity='LOW', package_name='{}', patch_strategy='version_bump').apv_id)"
)
"""What `manage.py shell` runs to add an APV of a package and print its id."""
