"""Which requests are for REST, and not for a page."""

from django.conf import settings
from django.http import HttpRequest


def is_api(request: HttpRequest) -> bool:
    """Return whether a request is for REST, by the path that the client sent."""
    return request.path.startswith(settings.API_PREFIX)
