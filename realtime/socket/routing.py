from django.conf import settings
from django.urls import re_path

from realtime.socket.consumer import HITLConsumer

PATH = settings.API_PREFIX.lstrip("/") + "ws"
websocket_urlpatterns = [re_path(rf"^{PATH}/?$", HITLConsumer.as_asgi())]
