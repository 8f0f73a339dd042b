"""The settings, with a channel layer that holds almost nothing."""

from typing import Any

from hitl_project import settings
from hitl_project.settings import *  # noqa: F403

_layers: dict[str, Any] = settings.CHANNEL_LAYERS
_layers["default"]["CONFIG"]["capacity"] = 5
