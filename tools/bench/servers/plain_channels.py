"""Channels as in its tutorial: each consumer is a member of its groups.

BENCH_REDIS names a Redis for the pub/sub layer; without it the layer is in memory.
"""

import json
import os
from typing import Any

import django
from django.conf import settings

redis = os.environ.get("BENCH_REDIS")
layer = (
    {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [redis]}}
    if redis
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
)
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="bench",
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": layer},
)
django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from tools.bench.servers.messages import decision_made, stats_update  # noqa: E402


class Consumer(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: dict[str, Any], **_: object) -> None:
        for channel in content["channels"]:
            await self.channel_layer.group_add(channel, self.channel_name)
        await self.send_json({"type": "subscription_confirmed", "channels": content["channels"]})

    async def tell(self, event: dict[str, Any]) -> None:
        await self.send_json(event["message"])


@csrf_exempt
async def decide(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    for channel, message in (("decisions", decision_made(body)), ("stats", stats_update())):
        await get_channel_layer().group_send(channel, {"type": "tell", "message": message})
    return JsonResponse({"decision": body["decision"]})


urlpatterns = [path("hitl/decisions", decide)]
application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("hitl/ws", Consumer.as_asgi())]),
    }
)
