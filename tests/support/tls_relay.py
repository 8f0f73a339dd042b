"""TLS in front of a server on a Unix socket that speaks none."""

import asyncio
import contextlib
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.certificates import certificate_for

CHUNK = 16 * 1024


class Relay(NamedTuple):
    """The port of 127.0.0.1, and the file of the authority that its certificate is trusted by."""

    port: int
    authority: Path


@contextlib.contextmanager
def tls_relay(target: Path) -> Iterator[Relay]:
    """Decrypt what comes to a port and pass it on, in a thread, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
        made = certificate_for()
        certificate.write_bytes(made.certificate)
        key.write_bytes(made.key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            listening = asyncio.run_coroutine_threadsafe(_listen(target, context), loop)
            yield Relay(listening.result(), certificate)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _listen(target: Path, context: ssl.SSLContext) -> int:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_unix_connection(str(target))
        await asyncio.gather(_pipe(reader, ours), _pipe(theirs, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    return int(server.sockets[0].getsockname()[1])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
