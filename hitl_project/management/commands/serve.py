"""Serve the console."""

import argparse
import signal
import socket
import sys
from typing import Any

import psycopg
import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from reviews.models import APV

SHUTDOWN_SECONDS = 5
DEMO_APVS = 25


class Command(BaseCommand):
    help = "Serve the console, the REST API and the socket with Uvicorn."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first migrate, make the demo users and, if there are none, demo APVs",
        )

    def handle(self, *args: Any, host: str, port: int, prepare: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaving stops what was started
        try:
            self._serve(host, port, prepare)
        except KeyboardInterrupt:
            sys.exit(130)

    def _serve(self, host: str, port: int, prepare: bool) -> None:
        listener = self._listen(host, port)
        self._check_database()
        if prepare:
            self._prepare()
        if settings.HITL_OPEN_ACCESS:
            self.stderr.write(self.style.WARNING(OPEN_ACCESS_WARNING))
        port = listener.getsockname()[1]  # with --port 0, the one the system chose
        where = f"[{host}]" if ":" in host else host
        self.stdout.write(f"\n  HITL Console  http://{where}:{port}/   (Ctrl-C stops it)\n\n")
        self.stdout.flush()
        config = uvicorn.Config(
            "hitl_project.asgi:application",
            ws="websockets-sansio",
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=settings.HITL_WS_MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])

    def _listen(self, host: str, port: int) -> socket.socket:
        """The listening socket, taken before anything else: a port in use is found out first."""
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

    def _check_database(self) -> None:
        """One attempt beside the pool, which would go on trying and log each time."""
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


OPEN_ACCESS_WARNING = (
    "WARNING: HITL_OPEN_ACCESS is on: whoever reaches this port acts as the demo reviewer."
)
