"""A connection on which a test writes HTTP byte by byte."""

import re
import socket
import time

from tests.support.site import Server
from tests.support.waiting import ANSWER_SECONDS

PIECE = b"x" * 65536


class Line:
    """A connection without the rules of HTTP."""

    def __init__(self, server: Server) -> None:
        self.token = f"Cookie: hitl_session={server.client().cookies['hitl_session']}"
        port = int(server.origin.rpartition(":")[2])
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def head(self, *headers: str, path: str = "/hitl/apvs") -> None:
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", self.token, *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def chunk(self, data: bytes) -> None:
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def chunks_for_ever(self) -> None:
        ends = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < ends:
            self.chunk(PIECE)

    def answer(self) -> tuple[int, str]:
        """Return status and body of the response."""
        received = b""
        while b"\r\n\r\n" not in received or len(received) < _whole(received):
            piece = self.socket.recv(65536)
            assert piece, received
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def is_closed(self) -> bool:
        self.socket.settimeout(0.05)
        try:
            return self.socket.recv(65536) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


def _whole(received: bytes) -> int:
    """Return the length of a response whose head has arrived."""
    head, end, _ = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length, head
    return len(head) + len(end) + int(length[1])
