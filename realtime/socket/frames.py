"""Websocket frames that are encoded once for any number of sockets."""

from collections.abc import Iterable
from typing import Protocol

from websockets.frames import Frame, Opcode

EXTENSION = "hitl.frames"
"""The ASGI extension's name in `scope["extensions"]`; its value is the line."""


class FrameLine(Protocol):
    """A connection that takes encoded frames, as a server offers it by EXTENSION."""

    def write_frames(self, frames: bytes) -> None:
        """Write encoded frames at once; what the client does not take yet waits in memory."""

    def waiting_bytes(self) -> int:
        """Return how many bytes the client has not taken yet."""

    async def drained(self) -> None:
        """Return when the client has taken most of what waited, or is gone."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection after what waits; abort it if the client does not take even that."""


def encode_frames(texts: Iterable[str]) -> bytes:
    """Return each of `texts` as one unmasked text frame, the same for every client."""
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)
