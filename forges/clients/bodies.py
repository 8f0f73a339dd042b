"""Read the body of an answer, packed or not, in bounded memory."""

import zlib
from collections.abc import Iterator

import httpx

from forges.errors import Refused, Unavailable

ERROR_BYTES = 64 * 1024
"""Of an answer that says why something failed."""
CHUNK_BYTES = 64 * 1024


def read_body(response: httpx.Response, request: str, most: int) -> bytes:
    """Return the body of an answer, unpacked; that of a failure is cut at ERROR_BYTES.

    Raise Refused if it is longer than `most` bytes, and Unavailable if it is packed wrongly.
    """
    failed = response.status_code >= 300
    body = bytearray()
    for chunk in _unpacked(response, request):
        body += chunk
        if failed and len(body) > ERROR_BYTES:
            break
        if len(body) > most:
            raise Refused(f"answers {request} with more than {most // 1024 // 1024} MiB")
    return bytes(body[:ERROR_BYTES] if failed else body)


def _unpacked(response: httpx.Response, request: str) -> Iterator[bytes]:
    """Yield a body in chunks that are small even if it was packed well."""
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed in {"", "identity"}:
        yield from response.iter_raw()
        return
    if packed not in {"gzip", "x-gzip"}:
        raise Unavailable(f"packed its answer to {request} in a way that was not asked for")
    started = False  # answers without a body may have the header, too
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for chunk in response.iter_raw():
            started = True
            while chunk:
                yield unpacker.decompress(chunk, CHUNK_BYTES)
                chunk = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        raise Unavailable(f"broke the compression of its answer to {request}") from None
    if (started and not unpacker.eof) or unpacker.unused_data:
        raise Unavailable(f"broke off its answer to {request}, or packed it in parts")
