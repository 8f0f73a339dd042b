"""What `check --deploy` says besides Django's own."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

OPEN_ACCESS = "HITL_OPEN_ACCESS is on: whoever reaches this service acts as the demo reviewer."


@register(Tags.security, deploy=True)
def access_is_not_open(**_: Any) -> list[CheckMessage]:
    if not settings.HITL_OPEN_ACCESS:
        return []
    return [Error(OPEN_ACCESS, hint="It is for development. Unset it.", id="hitl_project.E001")]
