"""The project's URLs. Those under `reviews` are declared there."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path


class NoSuchSocket(AsyncWebsocketConsumer):
    """Refuses the upgrade on a path without a socket."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        await self.close()


refuse_socket = re_path(r"", NoSuchSocket.as_asgi())

handler400 = "hitl_project.error_views.bad_request"
handler404 = "hitl_project.error_views.page_not_found"
handler500 = "hitl_project.error_views.server_error"

urlpatterns = [
    path(f"{settings.API_PREFIX.lstrip('/')}forges/", include("forges.urls")),
    path(settings.API_PREFIX.lstrip("/"), include("reviews.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("reviews.console.urls")),
]
