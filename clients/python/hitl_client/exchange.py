"""One call over HTTP: it is sent until an answer comes, or until patience ends."""

import ssl
import time
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from hitl_client.backoff import Backoff
from hitl_client.calls import Call
from hitl_client.errors import Misconfigured, Problem, UnexpectedAnswer, Unreachable, problem
from hitl_client.server import Server
from hitl_client.steps import Send, Sleep, Steps

T = TypeVar("T")
PASSING = frozenset({408, 425, 429, 502, 503, 504})
"""The statuses after which the same call may have another answer."""
MOST_PATIENCE = 12 * 60 * 60
"""In seconds: a server forgets idempotency keys after a day, and would then write twice."""


def exchange(call: Call[T], server: Server, patience: float) -> Steps[T]:
    """Send a call until an answer comes, for `patience` seconds, and return what it says.

    A write is sent with the same idempotency key each time, so it happens once. Raise Problem,
    Unreachable or UnexpectedAnswer.
    """
    backoff, until = Backoff(), time.monotonic() + patience
    while True:
        answer = yield _sent(call, server)
        failure = _failure(answer)
        if failure is None:
            return _read(call, answer)
        wait = max(backoff.next(), _asked(failure))
        if not _is_passing(answer) or time.monotonic() + wait > until:
            raise failure
        yield Sleep(wait)


def _sent(call: Call[Any], server: Server) -> Send:
    return Send(
        call.method,
        server.address(call.path),
        params=call.params,
        json=call.body,
        headers={"Accept": "application/json", **call.headers, **server.headers()},
    )


def _failure(answer: httpx.Response | httpx.RequestError) -> Problem | Unreachable | None:
    if isinstance(answer, httpx.RequestError):
        request = answer.request
        why = str(answer) or type(answer).__name__
        return Unreachable(f"{request.url.scheme}://{request.url.netloc.decode()}: {why}")
    if answer.is_success:
        return None
    if answer.is_redirect:
        there = answer.headers.get("Location", "elsewhere")
        return problem(answer.status_code, {"detail": f"The server is at {there}."}, None)
    return problem(answer.status_code, _members(answer), _retry_after(answer))


def _members(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document; an answer of a proxy may have none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < 6 else None


def _asked(failure: Problem | Unreachable) -> float:
    return (failure.retry_after or 0.0) if isinstance(failure, Problem) else 0.0


def _is_passing(answer: httpx.Response | httpx.RequestError) -> bool:
    if isinstance(answer, httpx.Response):
        return answer.status_code in PASSING
    return isinstance(answer, httpx.TransportError) and not is_distrusted(answer)


def is_distrusted(error: BaseException | None) -> bool:
    """Return whether the server's certificate is the reason, which no other try changes."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _read(call: Call[T], answer: httpx.Response) -> T:
    try:
        return call.read(answer.json())
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        where = f"{call.method} /hitl/{call.path}"
        raise UnexpectedAnswer(f"{where}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"the answer's {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return "this is no answer of the console."


def check_patience(seconds: float) -> float:
    if not 0 <= seconds <= MOST_PATIENCE:
        raise Misconfigured(f"Be patient for 0 to {MOST_PATIENCE:,} seconds, not {seconds:,}.")
    return seconds
