"""Tickets: what a page may send in the socket's address."""

import asyncio
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.people import api, issue, new_user, refusal, signed_in
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, Socket

INVALID = (1008, "Invalid token")


def ticket(server: Server, user: str = "reviewer") -> str:
    answer = server.client(user).post("/hitl/ws/ticket")
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 30
    return str(answer.json()["ticket"])


def at(server: Server, token: str, **options: Any) -> connect:
    """Open a socket with only the credentials in its address."""
    return connect(f"{server.ws}?token={token}", proxy=None, **options)


async def refused_at(server: Server, token: str, **options: Any) -> tuple[int, str]:
    async with at(server, token, **options) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(connection.recv(), 20)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_ticket_opens_one_socket_as_its_user(server: Server) -> None:
    shown = ticket(server, "pipeline")
    async with at(server, shown) as connection:
        socket = Socket(connection)
        assert (await socket.receive())["type"] == "connection_ack"
        error = await socket.ask({"type": "subscribe", "channels": ["decisions"]})
        assert error["error_code"] == "FORBIDDEN_CHANNEL"
        assert (await socket.subscribe("apvs"))["channels"] == ["apvs"]
    assert await refused_at(server, shown) == INVALID


async def test_of_fifty_uses_at_once_one_gets_in(server: Server) -> None:
    shown = ticket(server)

    async def gets_in() -> bool:
        async with at(server, shown, open_timeout=60) as connection:
            try:
                await asyncio.wait_for(connection.recv(), 60)
            except ConnectionClosed:
                return False
            return True

    assert sum(await asyncio.gather(*[gets_in() for _ in range(50)])) == 1


async def test_expired_ticket_lets_nobody_in(server: Server, site: Site) -> None:
    shown = ticket(server)
    site.execute("UPDATE accounts_ticket SET expires_at = now()")
    assert await refused_at(server, shown) == INVALID
    ticket(server)
    assert site.rows("SELECT 1 FROM accounts_ticket WHERE expires_at < now()") == []


async def test_long_lived_token_in_the_address_is_refused(server: Server, site: Site) -> None:
    session = server.client().cookies["hitl_session"]
    pair = signed_in(server)
    for shown in (issue(site, "reviewer"), pair["access"], pair["refresh"], session, "", "x"):
        assert await refused_at(server, shown) == INVALID


async def test_bad_ticket_is_not_made_good_by_a_cookie_or_a_header(
    server: Server, site: Site
) -> None:
    cookie = {"Cookie": f"hitl_session={server.client().cookies['hitl_session']}"}
    options: Any = {"additional_headers": cookie, "origin": server.origin}
    assert await refused_at(server, "x", **options) == INVALID
    header = {"Authorization": f"Bearer {issue(site, 'reviewer')}"}
    assert await refused_at(server, "x", additional_headers=header) == INVALID


async def test_ticket_is_worth_no_more_than_what_it_was_made_for(
    server: Server, site: Site
) -> None:
    user = new_user(site)
    pair = signed_in(server, user)
    with api(server, f"Bearer {pair['access']}") as client:
        shown = client.post("/hitl/ws/ticket").json()["ticket"]
        assert client.post("/hitl/token/revoke", json={"refresh": pair["refresh"]}).is_success
    assert await refused_at(server, shown) == INVALID


def test_ticket_is_not_a_token(server: Server) -> None:
    with api(server, f"Bearer {ticket(server)}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)


def test_ticket_is_made_for_whoever_is_signed_in(server: Server) -> None:
    assert_problem(httpx.post(f"{server.origin}/hitl/ws/ticket"), 401)
    cookies = server.client().cookies
    without_csrf = httpx.post(f"{server.origin}/hitl/ws/ticket", cookies=cookies)
    assert_problem(without_csrf, 403)


def test_ticket_is_stored_hashed(server: Server, site: Site) -> None:
    shown = ticket(server)
    assert shown not in str(site.rows("SELECT digest, proof::text FROM accounts_ticket"))


async def test_nothing_in_the_address_leaves_it_to_the_header(server: Server, site: Site) -> None:
    headers = {"Authorization": f"Bearer {issue(site, 'reviewer')}"}
    async with connect(f"{server.ws}?x=1", additional_headers=headers, proxy=None) as connection:
        assert (await Socket(connection).receive())["type"] == "connection_ack"
    assert await refusal(server, headers={}) == INVALID
