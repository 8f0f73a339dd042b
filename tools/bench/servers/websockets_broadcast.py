"""`websockets.broadcast()` only: a message of type `decide` is sent to all.

It listens on the port given as its only argument.
"""

import asyncio
import json
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

from tools.bench.servers.messages import decision_made, stats_update

subscribed: set[ServerConnection] = set()


async def handle(connection: ServerConnection) -> None:
    try:
        async for text in connection:
            message = json.loads(text)
            if message["type"] == "subscribe":
                subscribed.add(connection)
                await connection.send('{"type":"subscription_confirmed"}')
            else:
                broadcast(subscribed, json.dumps(decision_made(message)))
                broadcast(subscribed, json.dumps(stats_update()))
    except ConnectionClosed:
        pass  # the crowd leaves without a close frame
    finally:
        subscribed.discard(connection)


async def main(port: int) -> None:
    async with serve(handle, "127.0.0.1", port, compression=None, backlog=2048) as server:
        await asyncio.gather(server.serve_forever())


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
