"""Choose how to compress a response."""

import re

from django.http import HttpRequest

REFUSED = re.compile(r"; *q=0(\.0*)?$")


def best_encoding(request: HttpRequest) -> str:
    """Return "br" or "gzip", or "" if the client accepts neither."""
    parts = [part.strip() for part in request.headers.get("Accept-Encoding", "").split(",")]
    accepted = {part.partition(";")[0] for part in parts if not REFUSED.search(part)}
    return next((one for one in ("br", "gzip") if one in accepted), "")
