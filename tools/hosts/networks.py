"""The networks of the hosts: their lines to PostgreSQL and Valkey, which can be cut and slowed.

As root on Linux each host has a network namespace of its own, with one line out of it. Elsewhere
all are on the loopback. The lines end at proxies, since few kernels can delay what they send.
"""

import contextlib
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from uuid import uuid4

from tests.support.proxy import Proxy


class Network(ABC):
    """The hosts' lines to both servers."""

    address = "127.0.0.1"
    """Where the servers are."""

    def __init__(self) -> None:
        self.lines: list[tuple[Proxy, Proxy]] = []
        """For each host its lines to PostgreSQL and to Valkey."""

    @contextlib.asynccontextmanager
    async def opened(self, hosts: int, postgres: str, valkey: str) -> AsyncIterator["Network"]:
        """Open the lines to the Unix sockets of both servers."""
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(hosts):
                pair = [
                    await stack.enter_async_context(Proxy(path, self.address))
                    for path in (postgres, valkey)
                ]
                self.lines.append((pair[0], pair[1]))
            yield self

    def slow(self, host: int, seconds: float) -> None:
        """Let each piece of data take so long, both ways."""
        for line in self.lines[host]:
            line.delay = seconds

    @abstractmethod
    def within(self, host: int) -> list[str]:
        """Return the command that runs another one on a host."""

    @abstractmethod
    def cut(self, host: int, on: bool) -> None:
        """Let nothing pass between a host and the servers, without a sign, or heal that."""

    @abstractmethod
    def close(self) -> None:
        """Remove what was made."""


class Loopback(Network):
    """All hosts on the loopback."""

    def within(self, host: int) -> list[str]:
        return []

    def cut(self, host: int, on: bool) -> None:
        for line in self.lines[host]:
            line.blackhole(on)

    def close(self) -> None:
        pass


class Namespaces(Network):
    """A network namespace for each host, joined by a bridge."""

    def __init__(self, hosts: int) -> None:
        super().__init__()
        self._mark = uuid4().hex[:6]
        self._bridge, self._hosts = f"hosts-{self._mark}", hosts
        self._net = f"10.77.{int(self._mark[:2], 16)}"  # another run may have another one
        self.address = f"{self._net}.1"

    def make(self) -> None:
        """Make the namespaces and the bridge. Raise CalledProcessError."""
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for host in range(self._hosts):
            self._add(host)

    def _add(self, host: int) -> None:
        name, line = self._name(host), self._line(host)
        _ip("netns", "add", name)
        _ip("link", "add", line, "type", "veth", "peer", "name", "servers0", "netns", name)
        _ip("link", "set", line, "master", self._bridge, "up")
        _ip("-n", name, "address", "add", f"{self._net}.{host + 2}/24", "dev", "servers0")
        for device in ("lo", "servers0"):
            _ip("-n", name, "link", "set", device, "up")

    def _name(self, host: int) -> str:
        return f"hosts-{self._mark}-{host}"

    def _line(self, host: int) -> str:
        return f"h{self._mark}-{host}"

    def within(self, host: int) -> list[str]:
        return ["ip", "netns", "exec", self._name(host)]

    def cut(self, host: int, on: bool) -> None:
        _ip("link", "set", self._line(host), "down" if on else "up")

    def close(self) -> None:
        made = [("netns", "delete", self._name(host)) for host in range(self._hosts)]
        for arguments in (*made, ("link", "delete", self._bridge)):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(*arguments)


def network(hosts: int, *, loopback: bool) -> Network:
    """Return namespaces if this machine has them and `loopback` is off, and say which it is."""
    if loopback:
        return Loopback()
    if os.geteuid() or not shutil.which("ip"):
        print("Without root and `ip`, all hosts are on the loopback.", flush=True)
        return Loopback()
    made = Namespaces(hosts)
    try:
        made.make()
    except subprocess.CalledProcessError as error:
        made.close()
        print(f"All hosts are on the loopback: {error.stderr.decode().strip()}", flush=True)
        return Loopback()
    return made


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
