from django.urls import re_path

from realtime.consumers import HITLConsumer

websocket_urlpatterns = [re_path(r"^hitl/ws/?$", HITLConsumer.as_asgi())]
