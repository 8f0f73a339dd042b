"""A PostgreSQL primary and an asynchronous replica of it, which take turns."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from hitl_project.embedded import postgres, postgres_user
from tests.support.outages import frozen
from tests.support.ports import free_port
from tests.support.site import Site, environment_of
from tests.support.waiting import wait_for

USER = "postgres"
NOT_SAFE = ("fsync=off", "full_page_writes=off")  # no test interrupts the power


class Pair:
    """Two servers on ports that stay the same; `url` leads to the one that takes writes."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pair-", dir=os.environ["HITL_VAR"]))
        self._user = postgres.user_of(self._folder)
        self._programs = postgres.programs_of(self._folder)
        if self._user:
            shutil.chown(self._folder, self._user)
        self.primary, self.replica = free_port(), free_port()
        ports = f"{self.primary},{self.replica}"
        self.url = (
            f"postgresql://{USER}@/{USER}?host=127.0.0.1,127.0.0.1&port={ports}"
            "&target_session_attrs=read-write"
        )
        self.replica_url = f"postgresql://{USER}@127.0.0.1:{self.replica}/{USER}"
        """Leads to the server that is the replica at first."""
        self.standby_url = self.url.replace("read-write", "standby")
        """Leads to the one that takes no writes."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", USER, "-D", self._data())
        self._start(self.primary)
        self.add_replica()

    def add_replica(self) -> None:
        """Copy the primary to the other port, and have it follow."""
        data = self._data(self.replica)
        shutil.rmtree(data, ignore_errors=True)
        origin = ("-h", "127.0.0.1", "-p", str(self.primary), "-U", USER)
        self._run("pg_basebackup", *origin, "-D", data, "-R", "-X", "stream", "-c", "fast")
        wait_for(lambda: self._starts(self.replica), "the replica to start")
        wait_for(self._streams, "the replica to follow")

    def hold_back(self) -> None:
        """Keep what commits from now on from the replica, which has all that committed before."""
        self.catch_up()
        for pid in self._senders():
            os.kill(pid, signal.SIGSTOP)

    def let_through(self) -> None:
        """End `hold_back`."""
        for pid in self._senders():
            os.kill(pid, signal.SIGCONT)

    def catch_up(self) -> None:
        """Wait until the replica has all that was done on the primary."""
        with self._connect() as connection:
            connection.execute("SELECT pg_logical_emit_message(true, 'test', '')")
            connection.commit()  # which also sends what open transactions have logged, as locks
            [(top,)] = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchall()
        wait_for(lambda: self._has(top), "the replica to catch up")

    def fail_over(self) -> None:
        """Kill the primary as a crash does, and promote the replica."""
        senders = self._senders()
        pid = (Path(self._data(self.primary)) / "postmaster.pid").read_text().split()[0]
        for one in (int(pid), *senders):
            os.kill(one, signal.SIGKILL)  # its other processes notice, and end
        self._promote()

    @contextlib.contextmanager
    def leave_frozen(self) -> Iterator[None]:
        """Freeze the primary, promote the replica, and let the old one go on after the block."""
        with frozen(Path(self._data())):
            self._promote()
            yield

    def _promote(self) -> None:
        self.primary, self.replica = self.replica, self.primary
        self._run("pg_ctl", "-w", "-D", self._data(self.primary), "promote")

    @contextlib.contextmanager
    def replay_paused(self) -> Iterator[None]:
        """Have the replica show what has committed up to now, and nothing later."""
        self.catch_up()
        self.on_replica("SELECT pg_wal_replay_pause()")
        state = "SELECT pg_get_wal_replay_pause_state()"
        wait_for(lambda: self.on_replica(state) == [("paused",)], "the replica to pause")
        try:
            yield
        finally:
            self.on_replica("SELECT pg_wal_replay_resume()")
            self.catch_up()

    @contextlib.contextmanager
    def replica_frozen(self) -> Iterator[None]:
        with frozen(Path(self._data(self.replica))):
            yield

    @contextlib.contextmanager
    def replica_down(self) -> Iterator[None]:
        self._stop(self.replica)
        try:
            yield
        finally:
            self._start(self.replica)

    @contextlib.contextmanager
    def replica_starting(self) -> Iterator[None]:
        """Have the replica refuse all clients as a server does that starts (SQLSTATE 57P03)."""
        self._stop(self.replica)
        self._start(self.replica, "hot_standby=off")
        try:
            yield
        finally:
            self._stop(self.replica)
            self._start(self.replica)

    @contextlib.contextmanager
    def replica_refusing(self) -> Iterator[None]:
        """Have the replica let no new client in."""
        rules = Path(self._data(self.replica)) / "pg_hba.conf"
        before = rules.read_text()
        rules.write_text("host all all all reject\n")
        try:
            self._run("pg_ctl", "-D", self._data(self.replica), "reload")
            yield
        finally:
            rules.write_text(before)
            self._run("pg_ctl", "-D", self._data(self.replica), "reload")

    def on_replica(self, sql: str) -> list[tuple[Any, ...]]:
        return self._rows(self.replica, sql)

    def close(self) -> None:
        for port in (self.replica, self.primary):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._stop(port)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _data(self, port: int | None = None) -> str:
        return str(self._folder / str(port or self.primary))

    def _stop(self, port: int) -> None:
        self._run("pg_ctl", "-D", self._data(port), "-m", "immediate", "stop")

    def _start(self, port: int, *settings: str) -> None:
        given = f"-p {port} -h 127.0.0.1 -k {self._folder} -c "
        given += " -c ".join((*NOT_SAFE, *settings))
        data = self._data(port)
        self._run("pg_ctl", "-w", "-D", data, "-l", f"{data}.log", "-o", given, "start")

    def _starts(self, port: int) -> bool:
        """Start a server, unless one that was killed there has not ended yet."""
        try:
            self._start(port)
        except subprocess.CalledProcessError:
            return False
        return True

    def _streams(self) -> bool:
        with self._connect() as connection:
            sql = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"
            return bool(connection.execute(sql).fetchall())

    def _has(self, position: str) -> bool:
        with self._connect() as connection:
            sql = "SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= %s::pg_lsn"
            return bool(connection.execute(sql, [position]).fetchall())

    def _senders(self) -> list[int]:
        with self._connect() as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_replication").fetchall()
        return [pid for (pid,) in rows]

    def _rows(self, port: int, sql: str) -> list[tuple[Any, ...]]:
        address = f"host=127.0.0.1 port={port} user={USER} dbname={USER}"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def _connect(self) -> "psycopg.Connection[tuple[Any]]":
        return psycopg.connect(f"host=127.0.0.1 port={self.primary} user={USER} dbname={USER}")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        postgres_user.run_as(self._user, command, cwd=self._folder, check=True, timeout=60)


class ReplicatedSite(Site):
    """A site on a pair of PostgreSQL servers."""

    def __init__(self, pair: Pair, **variables: str) -> None:
        self.database_url = pair.url
        self.environment = environment_of(pair.url, variables)
        self.manage("migrate", "--verbosity", "0")
        self.manage("create_demo_users")
        self.close()
