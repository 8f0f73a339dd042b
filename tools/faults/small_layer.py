"""The settings, with a channel layer that keeps almost nothing for a slow receiver."""

from typing import Any

from hitl_project import settings
from hitl_project.settings import *  # noqa: F403

_layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
_layer["BACKEND"] = "channels_redis.core.RedisChannelLayer"  # the other kind has no capacity
_layer["CONFIG"]["capacity"] = 5
