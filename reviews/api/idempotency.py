"""Writes that clients may repeat: the `Idempotency-Key` header."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from realtime import clock
from realtime.transactions import publishing
from reviews.models import IdempotencyKey

KEPT_HEADERS = ("Location",)
MAX_KEY_LENGTH = 255
KEPT = timedelta(days=1)
FORGOTTEN_AT_ONCE = 20

Method = Callable[..., Response]


class KeyUsedForAnotherBody(APIException):
    """The key was used before, with another body."""

    status_code = 422
    default_detail = "This Idempotency-Key was used with another body."


def idempotent(method: Method) -> Method:
    """Return the first response again if its `Idempotency-Key` comes again.

    The key is written in the transaction of the write: of two concurrent requests the later one
    waits for the earlier one, and a failed request leaves its key free.
    """

    @wraps(method)
    def once(view: Any, request: Request, *args: Any, **options: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return method(view, request, *args, **options)
        _check(key)
        assert request.user.pk is not None  # permissions admit only signed-in users
        with publishing():
            record, is_new = IdempotencyKey.objects.get_or_create(
                user_id=request.user.pk,
                endpoint=f"{request.method} {request.path_info}",
                key=key,
                defaults={"fingerprint": _fingerprint(request.data), "status": 0},
            )
            if not is_new:
                return _first_answer(record, request)
            answer = method(view, request, *args, **options)
            _keep(record, answer)
            return answer

    return once


def _check(key: str) -> None:
    if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise ValidationError(
            {"Idempotency-Key": [f"Use 1 to {MAX_KEY_LENGTH} printable ASCII characters."]}
        )


def _fingerprint(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _keep(record: IdempotencyKey, answer: Response) -> None:
    record.status = answer.status_code
    record.headers = {name: answer[name] for name in KEPT_HEADERS if name in answer}
    record.body = JSONRenderer().render(answer.data).decode()
    record.save()
    _forget_old()


def _forget_old() -> None:
    """Delete a few old keys. Each write deletes more keys than it adds."""
    old = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT)
    few = old.order_by("created_at").values("pk")[:FORGOTTEN_AT_ONCE]
    IdempotencyKey.objects.filter(pk__in=few).delete()


def _first_answer(record: IdempotencyKey, request: Request) -> Response:
    if record.fingerprint != _fingerprint(request.data):
        raise KeyUsedForAnotherBody
    headers = {**record.headers, "Idempotent-Replayed": "true"}
    return Response(json.loads(record.body), status=record.status, headers=headers)
