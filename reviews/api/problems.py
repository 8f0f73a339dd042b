"""Errors over HTTP: turn exceptions into problem documents (RFC 9457), in this place only."""

import json
import logging
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from reviews.errors import (
    AlreadyApproved,
    AlreadyDecided,
    ClaimedByAnother,
    CodeInUse,
    Conflict,
    FieldErrors,
    InvalidInput,
    NotAllowed,
    NotConfirmed,
    ReviewError,
    UnknownAPV,
    UnknownComment,
    UnknownDecision,
    VersionChanged,
)
from reviews.permissions import Permission

logger = logging.getLogger(__name__)

MOST_FIELDS, MOST_REASONS, MOST_CHARACTERS = 100, 5, 300
"""How many fields a problem names, how many reasons for each, and how long these may be."""
MOST_BYTES, MOST_DETAIL = 32 * 1024, 1000
"""How large all of that may be together, and how many characters `detail` may have."""
CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2
DATABASE_AWAY = "The database is busy or away; try again."
AWAY = (OperationalError, InterfaceError)
UNFIT = (DataError, ValidationError)
"""What is raised for a value that nothing refused before it reached the database."""
NO_FAILURES = (*AWAY, *UNFIT)
"""Exceptions that are no fault of this code: a 503 or a 400."""
REFUSALS: dict[int, Any] = {
    HTTPStatus.BAD_REQUEST: _("Send forms in UTF-8."),
    HTTPStatus.UNAUTHORIZED: _("Sign in to send as much as this."),
    HTTPStatus.REQUEST_TIMEOUT: _("The request took too long to arrive."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("The request is larger than may be sent here."),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many passwords came from here. Try again in a moment."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: _("The head of the request is too large."),
    HTTPStatus.SERVICE_UNAVAILABLE: _("There is more to do than can be done; try again."),
}
"""Why a request is refused before anything looks at it, by status."""


def document(status: int, detail: str, **extensions: Any) -> dict[str, Any]:
    """Return a problem document; `extensions` are further members, such as `errors` by field."""
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        **extensions,
    }


def raw_answer(status: HTTPStatus) -> bytes:
    """Return a whole HTTP response for one of REFUSALS, which closes the connection."""
    body = json.dumps(document(status, str(REFUSALS[status]))).encode()
    head = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {CONTENT_TYPE}\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        head += f"Retry-After: {RETRY_SECONDS}\r\n"
    return head.encode() + b"\r\n" + body


def response(status: int, detail: str) -> HttpResponse:
    """Return a problem document as a plain Django response, for code outside REST views."""
    return JsonResponse(document(status, detail), status=status, content_type=CONTENT_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response to an exception in a REST view; None makes it a 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    match error:
        case ReviewError():
            return _answer(status_of(error), str(error), **extensions_of(error, context["request"]))
        case exceptions.ValidationError():
            errors = flatten(error.detail)
            return _answer(error.status_code, "Some fields are not as they must be.", errors=errors)
        case exceptions.APIException():
            answer = _answer(error.status_code, str(error.detail))
            _copy_headers(error, answer)
            return answer
        case IntegrityError():
            logger.warning("A write met another one at %s: %s", context["request"].path, error)
            return _answer(409, "The data changed meanwhile; read it again.")
        case DataError():
            logger.warning("A value reached the database unchecked: %s", error)
            return _answer(400, "A value is out of the range that can be stored.")
        case OperationalError() | InterfaceError():
            logger.warning("The database refused %s: %s", context["request"].path, error)
            answer = _answer(503, DATABASE_AWAY)
            answer["Retry-After"] = str(RETRY_SECONDS)
            return answer
    return None


def flatten(detail: Any, path: str = "") -> FieldErrors:
    """Return nested REST framework errors as {field: reasons}, with paths like `[3].cwe_ids[0]`."""
    if isinstance(detail, dict):
        steps = [(_step(path, key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(one, dict | list) for one in detail):
        steps = [(f"{path}[{index}]", value) for index, value in enumerate(detail) if value]
    else:
        reasons = detail if isinstance(detail, list) else [detail]
        return {path or "body": [str(reason) for reason in reasons]}
    return {field: why for step, value in steps for field, why in flatten(value, step).items()}


def bounded(errors: FieldErrors) -> FieldErrors:
    """Return the first of `errors`, shortened: reasons may quote what was sent."""
    kept: FieldErrors = {}
    left = MOST_BYTES
    for field, reasons in islice(errors.items(), MOST_FIELDS):
        name, why = _cut(field), [_cut(reason) for reason in reasons[:MOST_REASONS]]
        left -= len(json.dumps([name, why], ensure_ascii=False).encode(errors="replace"))
        if left < 0:
            break
        kept[name] = why
    return kept


def _cut(text: str) -> str:
    return text[:MOST_CHARACTERS]


STATUSES: dict[type[ReviewError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    UnknownAPV: HTTPStatus.NOT_FOUND,
    UnknownDecision: HTTPStatus.NOT_FOUND,
    UnknownComment: HTTPStatus.NOT_FOUND,
    NotConfirmed: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.CONFLICT,
    ReviewError: HTTPStatus.BAD_REQUEST,
}
"""What each error of the review is over HTTP; the first that it is one of counts."""


def status_of(error: ReviewError) -> HTTPStatus:
    """Return the HTTP status of a review error."""
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))


def extensions_of(error: ReviewError, request: Request) -> dict[str, Any]:
    """Return the further members of a problem, for users who may read them."""
    match error:
        case InvalidInput():
            return {"errors": error.errors}
        case VersionChanged():
            return {"version": error.current}
        case ClaimedByAnother():
            from reviews.api.serializers.team import ClaimSerializer

            return {"claim": ClaimSerializer(error.claim).data}
        case CodeInUse():
            return {"errors": {"apv_code": [f"{code} is in use already." for code in error.codes]}}
        case AlreadyDecided() | AlreadyApproved() if request.user.has_perm(
            Permission.VIEW_DECISION
        ):
            # Imported here, as the serializers raise these problems.
            from reviews.api.serializers.decisions import DecisionSerializer

            return {"decision": DecisionSerializer(error.decision).data}
    return {}


def _step(path: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)


def _answer(status: int, detail: str, **extensions: Any) -> Response:
    """Return a problem of any kind over REST, which is small whatever was sent."""
    if "errors" in extensions:
        extensions["errors"] = bounded(extensions["errors"])
    body = document(status, detail[:MOST_DETAIL], **extensions)
    return Response(body, status=status, content_type=CONTENT_TYPE)


def _copy_headers(error: exceptions.APIException, answer: Response) -> None:
    if header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait))
