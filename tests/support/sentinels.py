"""Two Redis servers, and three Sentinels that let the second one follow the first as master."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import redis

from hitl_project.embedded import valkey
from tests.support.ports import free_port
from tests.support.waiting import wait_for

MASTER = "news"
PASSWORD, SENTINELS_PASSWORD = "p@ss", "w@rd"
SETTINGS = f"""
sentinel monitor {MASTER} 127.0.0.1 {{port}} 2
sentinel auth-pass {MASTER} {PASSWORD}
sentinel down-after-milliseconds {MASTER} 500
sentinel failover-timeout {MASTER} 3000
requirepass {SENTINELS_PASSWORD}
sentinel sentinel-pass {SENTINELS_PASSWORD}
"""


class SentinelGroup:
    """Its `servers` and `ports`: the first one is the master at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = [free_port(), free_port()]
        replica = ("--replicaof", "127.0.0.1", str(self.ports[0]))
        self.servers = [self._server(0), self._server(1, *replica)]
        wait_for(lambda: self.client(1).info()["master_link_status"] == "up", "the replica")
        self._sentinel_ports = [free_port() for _ in range(3)]
        self._sentinels = [self._sentinel(port) for port in self._sentinel_ports]
        wait_for(self._have_met, "the Sentinels to know each other and the replica")

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._sentinel_ports)
        query = "sentinel_password=w%40rd"
        return f"redis+sentinel://:p%40ss@{hosts}/{MASTER}/0?{query}"

    def client(self, number: int) -> redis.Redis:
        return redis.Redis(port=self.ports[number], password=PASSWORD)

    def is_master(self, number: int) -> bool:
        with contextlib.suppress(redis.RedisError), self.client(number) as client:
            return bool(client.info("replication")["role"] == "master")
        return False

    def stop(self) -> None:
        for process in (*self._sentinels, *self.servers):
            process.kill()
            process.wait()

    def _server(self, number: int, *options: str) -> "subprocess.Popen[bytes]":
        secret = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
        kept = ("--save", "", "--dir", str(self._folder))
        process = self._run("--port", str(self.ports[number]), *secret, *kept, *options)
        wait_for(lambda: self._answers(number), "Redis to answer")
        return process

    def _answers(self, number: int) -> bool:
        with contextlib.suppress(redis.RedisError), self.client(number) as client:
            return bool(client.ping())
        return False

    def _sentinel(self, port: int) -> "subprocess.Popen[bytes]":
        settings = self._folder / f"sentinel-{port}.conf"
        settings.write_text(SETTINGS.format(port=self.ports[0]))
        return self._run(str(settings), "--sentinel", "--port", str(port))

    def _run(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([valkey.program(), *arguments], stdout=subprocess.DEVNULL)

    def _have_met(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return all(map(self._knows_all, self._sentinel_ports))
        return False

    def _knows_all(self, port: int) -> bool:
        with redis.Redis(port=port, password=SENTINELS_PASSWORD) as client:
            [known] = client.sentinel_masters().values()
        return bool(known["num-other-sentinels"] == 2 and known["num-slaves"] == 1)


@contextlib.contextmanager
def sentinel_group() -> Iterator[SentinelGroup]:
    folder = Path(tempfile.mkdtemp())
    group = SentinelGroup(folder)
    try:
        yield group
    finally:
        group.stop()
        shutil.rmtree(folder)
