"""A socket closes when its user's credential expires, unless it was extended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from tests.support.people import issue, new_user, opened, signed_in
from tests.support.site import Server, Site, Socket, closed_within

LEFT = 4
"""For how many seconds a credential is good when its socket opens."""
LATE = 10
"""How long after that the socket may stay on a busy machine; the look at everybody is rarer."""
SESSION = "UPDATE django_session SET expire_date = now() + interval '{} s' WHERE session_key = %s"
TOKEN = "UPDATE knox_authtoken SET expiry = now() + interval '{} s' WHERE token_key = %s"
DAY = 24 * 3600

Prolong = Callable[[], None]


@pytest.fixture(scope="module")
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


@contextlib.asynccontextmanager
async def expiring(server: Server, site: Site, door: str) -> AsyncIterator[tuple[Socket, Prolong]]:
    """A socket with a credential valid for LEFT more seconds, and a way to extend it by a day."""
    user = new_user(site)
    kind, _, by_ticket = door.partition(" ")
    if kind == "JWT":
        access = (await asyncio.to_thread(signed_in, server, user))["access"]
        short = AccessToken(access)
        short.set_exp(lifetime=timedelta(seconds=LEFT))
        authorization, sql, key = f"Bearer {short}", "", ""
    elif kind == "token":
        secret = await asyncio.to_thread(issue, site, user)
        authorization, sql, key = f"Bearer {secret}", TOKEN, secret[:15]
    else:
        authorization, sql = "", SESSION
        key = server.client(user).cookies["hitl_session"]
    if sql:
        site.execute(sql.format(LEFT), key)
    async with connected(server, user, authorization, bool(by_ticket)) as socket:
        await socket.subscribe("apvs", "decisions")
        yield socket, lambda: site.execute(sql.format(DAY), key)


@contextlib.asynccontextmanager
async def connected(
    server: Server, user: str, authorization: str, by_ticket: bool
) -> AsyncIterator[Socket]:
    async with contextlib.AsyncExitStack() as stack:
        if by_ticket:
            headers = {"Authorization": authorization} if authorization else {}
            client = server.client("" if authorization else user)
            ticket = client.post("/hitl/ws/ticket", headers=headers).json()["ticket"]
            uri = f"{server.ws}?token={ticket}"
            yield await stack.enter_async_context(server.socket("", origin=None, uri=uri))
        elif authorization:
            yield await stack.enter_async_context(opened(server, authorization))
        else:
            yield await stack.enter_async_context(server.socket(user))


DOORS = ["session", "token", "JWT", "session by ticket", "token by ticket", "JWT by ticket"]


@pytest.mark.parametrize("door", DOORS)
async def test_socket_ends_in_the_moment_in_which_its_credential_expires(
    server: Server, site: Site, door: str
) -> None:
    async with expiring(server, site, door) as (socket, _):
        assert (await closed_within(socket, LEFT + LATE))[0] == 4401


@pytest.mark.parametrize("door", ["session", "token", "session by ticket"])
async def test_socket_goes_on_while_its_credential_is_prolonged(
    server: Server, site: Site, door: str
) -> None:
    async with expiring(server, site, door) as (socket, prolong):
        prolong()
        async with expiring(server, site, door) as (later, _):
            assert (await closed_within(later, LEFT + LATE))[0] == 4401
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"


async def test_socket_that_was_prolonged_ends_in_its_new_moment(server: Server, site: Site) -> None:
    user = new_user(site)
    key = server.client(user).cookies["hitl_session"]
    site.execute(SESSION.format(LEFT), key)
    async with server.socket(user) as socket:
        site.execute(SESSION.format(2 * LEFT), key)
        assert (await closed_within(socket, 2 * LEFT + LATE))[0] == 4401
