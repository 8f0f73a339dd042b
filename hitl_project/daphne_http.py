"""Daphne's HTTP protocol, where a request is bounded in size and time before it is there.

Daphne calls the application when the whole body has come, however long that takes, and keeps it in
memory or on disk meanwhile. Only silence is bounded, by Twisted, to a minute.
"""

import json
from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings
from twisted.web.http import HTTPChannel

from reviews.api import problems

TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s"
)

_Request: Any = WebRequest
_Channel: Any = HTTPChannel
_got_length, _content_came = _Request.gotLength, _Request.handleContentChunk
_data_received, _connection_lost = _Channel.dataReceived, _Channel.connectionLost
_all_content_received = _Channel.allContentReceived


def bound_requests() -> None:
    """Make Daphne give up a request that is too slow, and stop reading a body that is too large.

    Of that the application gets as much as came, and refuses it as it does under Uvicorn.
    """
    _Request.gotLength = _begin_body
    _Request.handleContentChunk = _take
    _Channel.patience = None
    _Channel.dataReceived = _hear
    _Channel.allContentReceived = _have_all
    _Channel.connectionLost = _end


# -- Size -------------------------------------------------------------------------------------


def _begin_body(request: Any, length: int | None) -> None:
    _got_length(request, length)
    request.room = settings.HITL_MAX_BODY_BYTES
    if length is not None and length > request.room:
        _cut_off(request)


def _take(request: Any, data: bytes) -> None:
    if request.room < 0:
        return
    _content_came(request, data)
    request.room -= len(data)
    if request.room < 0:
        _cut_off(request)


def _cut_off(request: Any) -> None:
    request.room = -1
    request.channel.persistent = False
    request.channel.callLater(0, partial(_end_body, request))  # Twisted is reading a piece of it


def _end_body(request: Any) -> None:
    channel = request.channel
    if channel is None or channel._handlingRequest:
        return  # the client has left, or the body came to its end by itself
    channel.rawDataReceived = lambda data: None
    channel.allContentReceived()


# -- Time -------------------------------------------------------------------------------------


def _hear(channel: Any, data: bytes) -> None:
    if channel.patience is None and not channel._handlingRequest:
        channel.patience = channel.callLater(
            settings.HITL_REQUEST_SECONDS, partial(_give_up, channel)
        )
    _data_received(channel, data)


def _have_all(channel: Any) -> None:
    _stop_waiting(channel)
    _all_content_received(channel)


def _end(channel: Any, reason: Any) -> None:
    _stop_waiting(channel)
    _connection_lost(channel, reason)


def _stop_waiting(channel: Any) -> None:
    if channel.patience is not None:
        channel.patience.cancel()
        channel.patience = None


def _give_up(channel: Any) -> None:
    channel.patience = None
    body = json.dumps(problems.document(408, str(problems.REFUSALS[408]))).encode()
    channel.transport.write(TOO_SLOW % (problems.CONTENT_TYPE.encode(), len(body), body))
    channel.loseConnection()
