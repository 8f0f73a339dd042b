"""A manager that keeps every socket and its channels, and loops over them for each decision."""

from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect

from tools.bench.servers.messages import decision_made, stats_update


class Manager:
    def __init__(self) -> None:
        self.connections: dict[str, WebSocket] = {}
        self.channels: dict[str, set[str]] = {}

    async def connect(self, socket: WebSocket) -> str:
        await socket.accept()
        client_id = str(uuid4())
        self.connections[client_id] = socket
        self.channels[client_id] = set()
        await socket.send_json({"type": "connection_ack", "client_id": client_id})
        return client_id

    def disconnect(self, client_id: str) -> None:
        self.connections.pop(client_id, None)
        self.channels.pop(client_id, None)

    async def broadcast(self, channel: str, message: dict[str, Any]) -> None:
        for client_id, channels in list(self.channels.items()):
            if channel in channels:
                await self.tell(client_id, message)

    async def tell(self, client_id: str, message: dict[str, Any]) -> None:
        try:
            await self.connections[client_id].send_json(message)
        except RuntimeError:
            self.disconnect(client_id)


manager = Manager()
application = FastAPI()


@application.websocket("/hitl/ws")
async def serve(socket: WebSocket) -> None:
    client_id = await manager.connect(socket)
    try:
        while True:
            message = await socket.receive_json()
            manager.channels[client_id].update(message["channels"])
            confirmed = {"type": "subscription_confirmed", "channels": message["channels"]}
            await socket.send_json(confirmed)
    except WebSocketDisconnect:
        manager.disconnect(client_id)


@application.post("/hitl/decisions")
async def decide(request: Request) -> dict[str, Any]:
    body = await request.json()
    await manager.broadcast("decisions", decision_made(body))
    await manager.broadcast("stats", stats_update())
    return {"decision": body["decision"]}
