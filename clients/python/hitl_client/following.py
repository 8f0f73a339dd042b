"""Following channels for ever: connect, resume, and connect again.

What happens on one connection is in `line`.
"""

import logging
from collections.abc import Sequence

from hitl_client.backoff import Backoff
from hitl_client.close_codes import ACTIONS, Action
from hitl_client.errors import Misconfigured, SignedOut, Unreachable
from hitl_client.exchange import is_distrusted
from hitl_client.line import Line
from hitl_client.positions import Positions
from hitl_client.server import Server
from hitl_client.steps import Close, Ended, Open, Sleep, Steps

logger = logging.getLogger("hitl_client")

PASSING_STATUSES = frozenset({408, 425, 429})
"""Of the statuses below 500, those after which another try may be let in."""


def follow(server: Server, channels: Sequence[str], positions: Positions) -> Steps[None]:
    """Deliver the events of channels for ever, from their positions on.

    Raise SignedOut, Forbidden or Unreachable if no other try can help.
    """
    if not channels:
        raise Misconfigured("Name the channels to follow.")
    wanted, backoff, was_ready = list(dict.fromkeys(channels)), Backoff(), False
    while True:
        ended = yield Open(server.socket, server.headers())
        if ended is None:
            line = Line(wanted, positions)
            ended = yield from line.events()
            yield Close()
            if line.was_ready:
                was_ready = True
                backoff.reset()
        _judge(ended, server, backoff, was_ready=was_ready)
        wait = backoff.next()
        logger.info("No connection to %s: %s; again in %.1f s.", server.url, ended, wait)
        yield Sleep(wait)


def _judge(ended: Ended, server: Server, backoff: Backoff, *, was_ready: bool) -> None:
    """Raise what no other try can mend; wait longer if the server asks for it."""
    if is_distrusted(ended.error):
        raise Unreachable(f"{server.url}: {ended}")
    if ended.status in {401, 403}:
        raise SignedOut(ended.status, "the server refused the connection")
    if ended.status and not was_ready and _is_wrong(ended.status):
        raise Unreachable(f"{server.socket} is no socket of a console: {ended}.")
    match action_after(ended.code, ended.reason):
        case "sign in":
            raise SignedOut(ended.code or 0, ended.reason)
        case "back off":
            backoff.hold()


def _is_wrong(status: int) -> bool:
    return status < 500 and status not in PASSING_STATUSES


def action_after(code: int | None, reason: str) -> Action:
    """Return what to do after a socket closed."""
    if code is None:
        return "resume"
    return ACTIONS.get((code, reason)) or ACTIONS.get((code, None)) or "resume"
