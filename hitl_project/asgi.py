"""The ASGI application: HTTP by Django, the socket by Channels."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from hitl_project import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
embedded.start()
http = get_asgi_application()

from hitl_project.urls import refuse_socket  # noqa: E402 — needs the apps that line loads
from realtime.daphne_protocol import allow_every_close_code  # noqa: E402
from realtime.routing import websocket_urlpatterns  # noqa: E402

allow_every_close_code()

application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([*websocket_urlpatterns, refuse_socket])}
)
