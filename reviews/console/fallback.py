"""A substitute for an APV that cannot be shown: its code, and a message."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import structlog
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404

from reviews.console.access import Request
from reviews.console.listings import PENDING

log = structlog.get_logger(__name__)
P = ParamSpec("P")


def with_fallback(
    read: Callable[Concatenate[Request, str, P], dict[str, Any]],
) -> Callable[Concatenate[Request, str, P], dict[str, Any]]:
    """Catch and log errors of a function that reads an APV for a page, if the APV caused them.

    The list next to it and the other APVs remain usable.
    """

    @wraps(read)
    def reading(
        request: Request, code: str, /, *args: P.args, **options: P.kwargs
    ) -> dict[str, Any]:
        try:
            return read(request, code, *args, **options)
        except (Http404, PermissionDenied, DatabaseError):
            raise
        except Exception:
            log.exception("apv_cannot_be_shown", apv=code)
            return {"unshown": code, "listing": PENDING}

    return reading
