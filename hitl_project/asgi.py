"""The ASGI application: Django handles HTTP, Channels the socket."""

import logging
import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter

from hitl_project.embedded import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
servers.start()
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 — these need the apps

from hitl_project.checks import OPEN_ACCESS  # noqa: E402
from hitl_project.servers.connections import allow_open_files  # noqa: E402
from hitl_project.servers.request_bodies import BoundedBodies  # noqa: E402
from hitl_project.servers.request_handler import OneThreadPerRequest  # noqa: E402
from hitl_project.urls import refuse_socket  # noqa: E402
from realtime.socket.routing import websocket_urlpatterns  # noqa: E402

if settings.HITL_OPEN_ACCESS:
    logging.getLogger(__name__).critical(OPEN_ACCESS)  # LOG_LEVEL must not hide it
allow_open_files()
application = ProtocolTypeRouter(
    {
        "http": BoundedBodies(OneThreadPerRequest()),
        "websocket": URLRouter([*websocket_urlpatterns, refuse_socket]),
    }
)
