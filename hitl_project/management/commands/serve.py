"""Serve the console."""

import argparse
import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import psycopg
import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.http.request import validate_host

from hitl_project import startup_warnings
from hitl_project.preparation import alone
from hitl_project.servers import activation, parent
from hitl_project.servers.job_workers import JobWorkers
from hitl_project.servers.supervisor import REQUEST_SECONDS, Server, Workers
from reviews.models import APV

HANG_SECONDS = 30
"""How long a worker process may not answer before it is replaced."""
DEMO_APVS = 25


class Command(BaseCommand):
    help = "Serve the console, the REST API and the socket with Uvicorn."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--host", default=settings.HOST, help="address to listen on (default: %(default)s)"
        )
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help="port to listen on; 0 takes a free one (default: %(default)s)",
        )
        parser.add_argument(
            "--workers",
            type=_at_least_one,
            default=settings.WORKERS,
            help="processes to serve with, each for one core (default: %(default)s)",
        )
        parser.add_argument(
            "--no-jobs",
            action="store_true",
            help="run no process for jobs, for `manage.py work` runs elsewhere",
        )
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first migrate, make the demo users and, if there are none, demo APVs",
        )
        parser.add_argument(
            "--with-parent",
            action="store_true",
            help="stop when the process that started this one ends, or its login session",
        )

    def handle(
        self,
        *args: Any,
        host: str,
        port: int,
        workers: int,
        no_jobs: bool,
        prepare: bool,
        with_parent: bool,
        **options: Any,
    ) -> None:
        if with_parent:
            parent.follow()
        listeners, host, port = self._listeners(host, port)
        self._warn(startup_warnings.unknown_variables())
        self._check_database()
        self._warn(startup_warnings.silent_redis())
        self._warn(startup_warnings.open_schema())
        self._warn(startup_warnings.unfit_replica())
        if prepare:
            with alone():
                self._prepare()
        link_to(address_for_browser(host, port)[0])
        job_workers = JobWorkers(0 if no_jobs else settings.HITL_JOB_WORKERS)
        with _servers(listeners, workers, job_workers) as run, job_workers:
            self._tell_address(*address_for_browser(host, port))
            self.stdout.flush()
            run()

    def _tell_address(self, address: str, note: str) -> None:
        """Print the address, and store it next to the embedded servers' data for scripts."""
        if settings.HITL_VAR.exists():
            (settings.HITL_VAR / "address").write_text(address)
        self.stdout.write(f"\n  HITL Console  {address}/   ({note})\n\n")

    def _listeners(self, host: str, port: int) -> tuple[list[socket.socket], str, int]:
        """Return the listening sockets, and the host and port of the first one."""
        given = activation.inherited()
        listeners = given or [self._listen(host, port)]
        address = listeners[0].getsockname()  # with --port 0, the system chose the port
        return listeners, address[0] if given else host, address[1]

    def _listen(self, host: str, port: int) -> socket.socket:
        """Return the listening socket. Open it first, to report a port in use at once."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, protocol)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError as error:
            raise CommandError(
                f"cannot listen on {host}:{port}: {error.strerror}; set HOST or PORT to others"
            ) from None
        return listener

    def _warn(self, warnings: Iterator[str]) -> None:
        for warning in warnings:
            self.stderr.write(self.style.WARNING(f"WARNING: {warning}"))

    def _check_database(self) -> None:
        """Try one connection without the pool, which would retry and log each failure."""
        try:
            psycopg.connect(**connection.get_connection_params()).close()
        except psycopg.OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"cannot reach PostgreSQL: {reason}; see DATABASE_URL") from None

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0)
        call_command("create_demo_users")
        if not APV.objects.exists():
            call_command("seed_apvs", count=DEMO_APVS)


def link_to(address: str) -> None:
    """Have this process, its workers and their jobs link to a local console's address.

    Other installations name theirs: a guess would stand on forges for ever.
    """
    if not settings.HITL_CONSOLE_URL and not settings.BEHIND_TLS:
        os.environ["HITL_CONSOLE_URL"] = settings.HITL_CONSOLE_URL = address


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up, not {text!r}")
    return int(text)


@contextlib.contextmanager
def _servers(
    listeners: list[socket.socket], workers: int, job_workers: JobWorkers
) -> Iterator[Callable[[], None]]:
    """Yield what serves until a signal; one that arrives before is heeded too."""
    config = _configuration(workers)
    if workers == 1:
        Server.job_workers = job_workers
        server = Server(config)
        catch_signals(server.handle_exit)
        yield partial(server.run, sockets=listeners)
        return
    with tempfile.TemporaryDirectory(prefix="hitl-metrics-") as folder:
        # Set before the workers import the metrics, so that they count together.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        yield Workers(config, listeners, job_workers).run  # it has caught the signals


def catch_signals(stop: Callable[[int, FrameType | None], None]) -> None:
    """Call `stop` for each signal that ends the servers.

    A handler must not raise: whatever it raises is lost if a finalizer runs at that moment.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    for number in (signal.SIGHUP, signal.SIGQUIT):  # Uvicorn does not know them
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGTERM))


def _configuration(workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        "hitl_project.asgi:application",
        ws="hitl_project.servers.uvicorn_socket:FrameProtocol",
        loop="uvloop",
        http="hitl_project.servers.uvicorn_http:BoundedHttpProtocol",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.HITL_TRUSTED_PROXIES),
        forwarded_allow_ips=settings.HITL_TRUSTED_PROXIES,
        ws_max_size=settings.HITL_WS_MAX_MESSAGE_BYTES,
        ws_per_message_deflate=settings.HITL_WS_COMPRESSION,
        ws_ping_interval=settings.HITL_WS_PING_SECONDS,
        ws_ping_timeout=settings.HITL_WS_PING_SECONDS,
        timeout_graceful_shutdown=REQUEST_SECONDS,
        workers=workers,
        timeout_worker_healthcheck=HANG_SECONDS,
    )


def address_for_browser(host: str, port: int) -> tuple[str, str]:
    """Return the address for a browser, and a note with the server's own if it differs."""
    where = f"[{host}]" if ":" in host else host
    listens = f"http://{where}:{port}"
    names = [name.removeprefix(".") for name in settings.ALLOWED_HOSTS]
    if validate_host(where, settings.ALLOWED_HOSTS) or not names:
        return listens, "Ctrl-C stops it"
    address = f"https://{names[0]}" if settings.BEHIND_TLS else f"http://{names[0]}:{port}"
    return address, f"listens on {listens}/; Ctrl-C stops it"
