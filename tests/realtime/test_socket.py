"""The socket's requests and answers, on each server."""

import asyncio
import json
import re
from uuid import UUID

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.site import Server

TIMESTAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"


async def test_first_message_is_an_ack_with_the_client_id(server: Server) -> None:
    async with server.socket() as socket:
        assert set(socket.ack) == {"type", "timestamp", "client_id", "message"}
        assert socket.ack["type"] == "connection_ack"
        client_id = socket.ack["client_id"]
        assert str(UUID(client_id)) == client_id
        assert socket.ack["message"] == f"Connected to HITL WebSocket. Client ID: {client_id}"
        assert re.match(TIMESTAMP, socket.ack["timestamp"])


async def test_ten_clients_have_ten_ids(server: Server) -> None:
    async def client_id() -> str:
        async with server.socket() as socket:
            return str(socket.ack["client_id"])

    assert len(set(await asyncio.gather(*[client_id() for _ in range(10)]))) == 10


async def test_subscribe_and_unsubscribe_are_confirmed_as_asked(server: Server) -> None:
    async with server.socket() as socket:
        confirmed = await socket.ask({"type": "subscribe", "channels": ["apvs", "stats"]})
        assert set(confirmed) == {
            "type",
            "timestamp",
            "channels",
            "positions",
            "recovered",
            "reason",
        }
        assert confirmed["type"] == "subscription_confirmed"
        assert confirmed["channels"] == ["apvs", "stats"]
        assert set(confirmed["positions"]) == {"apvs"}
        ended = await socket.ask({"type": "unsubscribe", "channels": ["apvs"]})
        assert set(ended) == {"type", "timestamp", "channels"}
        assert ended["type"] == "unsubscription_confirmed"
        assert ended["channels"] == ["apvs"]


async def test_ping_is_answered_with_the_positions_of_subscribed_logs(server: Server) -> None:
    async with server.socket() as socket:
        pong = await socket.ask({"type": "ping", "timestamp": "2026-01-01T00:00:00.000000"})
        assert set(pong) == {"type", "timestamp", "positions"}
        assert pong["positions"] == {}
        confirmed = await socket.subscribe("apvs", "stats")
        pong = await socket.ask({"type": "ping"})
        assert pong["positions"] == confirmed["positions"]


BAD_MESSAGES = [
    ({"hello": 1}, "Message missing 'type' field"),
    ({"type": None}, "Message missing 'type' field"),
    ({"type": "xyz"}, "Unknown message type: xyz"),
    ({"type": 5}, "Unknown message type: 5"),
    ({"type": ["ping"]}, "Unknown message type: ['ping']"),
    ([], "Message must be a JSON object"),
    ("ping", "Message must be a JSON object"),
    ({"type": "subscribe", "channels": "apvs"}, "channels"),
    ({"type": "subscribe", "channels": ["apvs", 5]}, "channels.1"),
    ({"type": "subscribe", "channels": ["a" * 101]}, "channels.0"),
    ({"type": "subscribe", "channels": None}, "channels"),
    ({"type": "subscribe", "channels": ["apvs"], "since": {"apvs": 5}}, "since.apvs"),
    (
        {"type": "subscribe", "channels": ["apvs"], "since": {"apvs": {"epoch": 1, "offset": 1}}},
        "since.apvs.epoch",
    ),
    ({"type": "subscribe", "channels": [], "snapshot": "yes"}, "snapshot"),
    ({"type": "unsubscribe", "channels": {"apvs": 1}}, "channels"),
    ({"type": "ack", "positions": {"apvs": -1}}, "positions.apvs"),
    ({"type": "ping", "timestamp": 5}, "timestamp"),
]


@pytest.mark.parametrize(("message", "reason"), BAD_MESSAGES, ids=str)
async def test_bad_message_is_answered_with_the_reason_and_the_socket_stays(
    server: Server, message: object, reason: str
) -> None:
    async with server.socket() as socket:
        error = await socket.ask(message)
        assert error["type"] == "error"
        assert error["error_code"] == "INVALID_MESSAGE"
        assert reason in error["error_message"]
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"


async def test_unpaired_surrogates_do_not_break_the_socket(server: Server) -> None:
    async with server.socket() as socket:
        await socket.connection.send('{"type": "\\ud800"}')
        assert await socket.close_code() == 1007


@pytest.mark.parametrize("text", ["{", "", "ping", '{"type":', "\u2603", "[" * 5000])
async def test_malformed_json_closes_the_socket_with_1007(server: Server, text: str) -> None:
    async with server.socket() as socket:
        await socket.connection.send(text)
        assert await socket.close_code() == 1007


async def test_binary_frame_closes_the_socket_with_1003(server: Server) -> None:
    async with server.socket() as socket:
        await socket.connection.send(b'{"type":"ping"}')
        assert await socket.close_code() == 1003


async def test_message_over_the_limit_closes_the_socket_with_1009(server: Server) -> None:
    async with server.socket() as socket:
        await socket.connection.send(json.dumps({"type": "ping", "timestamp": "x" * 10_240}))
        assert await socket.close_code() == 1009


async def test_message_at_the_limit_is_answered(server: Server) -> None:
    async with server.socket() as socket:
        message = json.dumps({"type": "ping", "padding": ""})
        await socket.connection.send(message[:-2] + "x" * (10_240 - len(message)) + '"}')
        assert (await socket.receive())["type"] == "pong"


async def test_empty_list_is_confirmed(server: Server) -> None:
    async with server.socket() as socket:
        assert (await socket.subscribe())["channels"] == []
        assert (await socket.ask({"type": "unsubscribe", "channels": []}))["channels"] == []


async def test_channel_never_subscribed_to_can_be_unsubscribed(server: Server) -> None:
    async with server.socket() as socket:
        ended = await socket.ask({"type": "unsubscribe", "channels": ["decisions"]})
        assert ended["type"] == "unsubscription_confirmed"


async def test_socket_without_subscriptions_hears_nothing(server: Server) -> None:
    async with server.socket() as socket, server.socket() as listener:
        await listener.subscribe("apvs")
        added = server.add_apv()
        await listener.until(type="new_apv", apv_id=added["apv_id"])
        assert await socket.heard_before_pong() == []


async def test_channel_subscribed_twice_is_heard_once(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("apvs", "apvs")
        await socket.subscribe("apvs")
        added = server.add_apv()
        await socket.until(type="new_apv", apv_id=added["apv_id"])
        later = await socket.heard_before_pong()
        assert [one for one in later if one.get("apv_id") == added["apv_id"]] == []


async def test_unknown_channel_is_confirmed_and_never_fed(server: Server) -> None:
    async with server.socket() as socket:
        confirmed = await socket.subscribe("weather", "weather")
        assert confirmed["channels"] == ["weather", "weather"]
        assert confirmed["positions"] == {}
        assert await socket.heard_before_pong() == []


async def test_too_many_distinct_channels_are_refused(server: Server) -> None:
    async with server.socket() as socket:
        many = [f"c{number}" for number in range(65)]
        error = await socket.ask({"type": "subscribe", "channels": many})
        assert error["error_code"] == "TOO_MANY_CHANNELS"
        assert (await socket.subscribe(*many[:64]))["channels"] == many[:64]
        assert (await socket.subscribe("apvs", *["c1"] * 200))["positions"].keys() == {"apvs"}


async def test_name_of_a_hundred_characters_is_taken(server: Server) -> None:
    async with server.socket() as socket:
        assert (await socket.subscribe("ü" * 100))["channels"] == ["ü" * 100]


async def test_twenty_quick_connects_leave_the_server_well(server: Server) -> None:
    for _ in range(20):
        async with server.raw_socket():
            pass
    async with server.socket() as socket:
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"


async def test_long_connection_with_pings_goes_on(server: Server) -> None:
    async with server.socket() as socket:
        for _ in range(30):
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
            await asyncio.sleep(0.1)


async def test_ten_quick_subscriptions_are_answered_in_order(server: Server) -> None:
    async with server.socket() as socket:
        for _ in range(10):
            await socket.send({"type": "subscribe", "channels": ["apvs"]})
            await socket.send({"type": "unsubscribe", "channels": ["apvs"]})
        kinds = [(await socket.receive())["type"] for _ in range(20)]
        assert kinds == ["subscription_confirmed", "unsubscription_confirmed"] * 10


async def test_ack_is_taken_without_an_answer(server: Server) -> None:
    async with server.socket() as socket:
        await socket.send({"type": "ack", "positions": {"apvs": 1}})
        assert await socket.heard_before_pong() == []


async def test_socket_without_credentials_is_closed_with_1008(server: Server) -> None:
    async with server.raw_socket("") as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(connection.recv(), 20)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Invalid token")


async def test_cookie_without_an_origin_does_not_count(server: Server) -> None:
    async with server.raw_socket(origin=None) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(connection.recv(), 20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_channel_that_the_user_may_not_read_is_refused_whole(server: Server) -> None:
    async with server.socket("pipeline") as socket:
        error = await socket.ask({"type": "subscribe", "channels": ["apvs", "decisions"]})
        assert error["error_code"] == "FORBIDDEN_CHANNEL"
        assert "decisions" in error["error_message"]
        assert error["details"] == {"channels": ["decisions"]}
        assert (await socket.ask({"type": "ping"}))["positions"] == {}
        assert (await socket.subscribe("apvs"))["channels"] == ["apvs"]
