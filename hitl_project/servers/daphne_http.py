"""Daphne's HTTP protocol, where a request is bounded in size and time before it is there.

Daphne calls the application when the whole body has come, however long that takes, and keeps it in
memory or on disk meanwhile. Only silence is bounded, by Twisted, to a minute. An answer that nobody
reads it keeps in memory while the line is open, with those to further requests on that line.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet.protocol import connectionDone
from twisted.web.http import HTTPChannel

from hitl_project.servers import body_sizes
from hitl_project.servers.connections import CONNECTIONS, FIRST_BYTE_SECONDS
from hitl_project.servers.daphne_socket import Pace
from reviews.api import problems

_Request: Any = WebRequest
_Channel: Any = HTTPChannel
_got_length, _content_came = _Request.gotLength, _Request.handleContentChunk
_data_received, _connection_lost = _Channel.dataReceived, _Channel.connectionLost
_all_content_received = _Channel.allContentReceived
_connection_made = _Channel.connectionMade
_pause, _resume = _Channel.pauseProducing, _Channel.resumeProducing
_bad_request = _Channel._respondToBadRequestAndDisconnect
_socket_lost = WebSocketProtocol.connectionLost


def bound_requests() -> None:
    """Make Daphne give up a request that is too slow, and stop reading a body that is too large.

    Of that the application gets as much as came, and refuses it as it does under Uvicorn.
    """
    _Request.gotLength = _begin_body
    _Request.handleContentChunk = _take
    _Channel.patience = _Channel.silence = _Channel.reader = None
    _Channel.pauseProducing = _wait_for_reader
    _Channel.resumeProducing = _go_on
    _Channel.connectionMade = _begin
    _Channel._respondToBadRequestAndDisconnect = _refuse_head
    _Channel.lineLengthExceeded = _refuse_line
    WebSocketProtocol.connectionLost = _end_socket
    _Channel.dataReceived = _hear
    _Channel.allContentReceived = _have_all
    _Channel.connectionLost = _end


# -- Connections ------------------------------------------------------------------------------


def _begin(channel: Any) -> None:
    channel.pace = Pace()
    _connection_made(channel)
    if CONNECTIONS.admit(channel.transport, _address(channel)):
        seconds = min(FIRST_BYTE_SECONDS, settings.HITL_REQUEST_SECONDS)
        channel.silence = channel.callLater(seconds, partial(_end_silence, channel))
    else:
        _refuse(channel, HTTPStatus.SERVICE_UNAVAILABLE)


def _end_silence(channel: Any) -> None:
    channel.silence = None
    CONNECTIONS.refuse("silent", _address(channel))
    channel.transport.loseConnection()


def _end_socket(protocol: Any, reason: Any = connectionDone) -> None:
    CONNECTIONS.release(protocol.transport)
    _socket_lost(protocol, reason)


def _address(channel: Any) -> str:
    return getattr(channel.transport.getPeer(), "host", "")


# -- Size -------------------------------------------------------------------------------------


def _refuse_head(channel: Any) -> None:
    if channel._receivedHeaderSize > channel.totalHeadersSize:
        _refuse(channel, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    else:
        _bad_request(channel)


def _refuse_line(channel: Any, line: bytes) -> None:
    _refuse(channel, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _begin_body(request: Any, length: int | None) -> None:
    _got_length(request, length)
    request.pace = request.channel.pace
    request.bound, request.came = body_sizes.for_anybody(), 0
    request.asking, request.is_cut = None, False
    _compare(request, length or 0)


def _take(request: Any, data: bytes) -> None:
    if request.is_cut:
        return
    _content_came(request, data)
    request.came += len(data)
    _compare(request, request.came)


def _compare(request: Any, size: int) -> None:
    """Stop reading at the bound: until it is known who sends more, and for good beyond theirs."""
    if size <= request.bound.most:
        return
    if request.asking is None:
        request.channel._networkProducer.pauseProducing()
        request.asking = asyncio.ensure_future(_look_up_sender(request, size))
    elif request.asking.done():
        _cut_off(request)


async def _look_up_sender(request: Any, size: int) -> None:
    channel = request.channel
    request.bound = await body_sizes.look_up(_scope_of(request))
    if max(size, request.came) > request.bound.most:
        _cut_off(request)
    elif request.channel is not None and not channel._handlingRequest:
        channel._networkProducer.resumeProducing()


def _scope_of(request: Any) -> dict[str, Any]:
    """What ASGI will say of a request whose head has come; Twisted parses it only later."""
    path = request.channel._path.partition(b"?")[0].decode("latin-1")
    headers = request.requestHeaders.getAllRawHeaders()
    return {
        "path": unquote(path),
        "headers": [(name.lower(), value) for name, values in headers for value in values],
    }


def _cut_off(request: Any) -> None:
    request.is_cut = True
    if request.channel is not None:
        request.channel.persistent = False
        request.channel.callLater(0, partial(_end_body, request))  # Twisted reads a piece of it


def _end_body(request: Any) -> None:
    channel = request.channel
    if channel is None or channel._handlingRequest:
        return  # the client has left, or the body came to its end by itself
    channel.rawDataReceived = lambda data: None
    channel._networkProducer.resumeProducing()
    channel.allContentReceived()


# -- Time -------------------------------------------------------------------------------------


def _hear(channel: Any, data: bytes) -> None:
    _stop_timer(channel, "silence")
    if channel.patience is None and not channel._handlingRequest:
        channel.patience = channel.callLater(
            settings.HITL_REQUEST_SECONDS, partial(_give_up, channel)
        )
    _data_received(channel, data)


def _have_all(channel: Any) -> None:
    _stop_timer(channel, "patience")
    _all_content_received(channel)


def _end(channel: Any, reason: Any) -> None:
    CONNECTIONS.release(channel.transport)
    _stop_timer(channel, "silence")
    _stop_timer(channel, "patience")
    _stop_timer(channel, "reader")
    channel.pace.stopProducing()
    _connection_lost(channel, reason)


def _stop_timer(channel: Any, name: str) -> None:
    timer = getattr(channel, name)
    if timer is not None:
        timer.cancel()
        setattr(channel, name, None)


def _give_up(channel: Any) -> None:
    channel.patience = None
    _refuse(channel, HTTPStatus.REQUEST_TIMEOUT)


def _refuse(channel: Any, status: HTTPStatus) -> None:
    """Answer before there is a request that the application could be asked about."""
    channel.transport.write(problems.raw_answer(status))
    channel.loseConnection()


# -- Answers ----------------------------------------------------------------------------------


def _wait_for_reader(channel: Any) -> None:
    channel.pace.pauseProducing()
    _pause(channel)
    if channel.reader is None:
        _watch_reader(channel)


def _go_on(channel: Any) -> None:
    _stop_timer(channel, "reader")
    channel.pace.resumeProducing()
    _resume(channel)


def _watch_reader(channel: Any) -> None:
    """Cut the line of a client that takes nothing of an answer for too long."""
    channel.reader = channel.callLater(
        settings.HITL_REQUEST_SECONDS, partial(_check_reader, channel, _waiting_bytes(channel))
    )


def _check_reader(channel: Any, before: int) -> None:
    channel.reader = None
    if _waiting_bytes(channel) < before:
        _watch_reader(channel)
    else:
        channel.transport.abortConnection()


def _waiting_bytes(channel: Any) -> int:
    line = channel.transport
    return int(len(line.dataBuffer) - line.offset + line._tempDataLen)
