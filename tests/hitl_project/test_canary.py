"""No log line ever contains a credential, at any level."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.people import issue, new_user, signed_in
from tests.support.site import PASSWORD, Server, Site

Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(params=["uvicorn", "daphne"])
def serve(request: Any, site: Site) -> Serve:
    found: Serve = getattr(site, request.param)
    return found


@pytest.mark.parametrize("debug", ["off", "on"])
async def test_no_credential_stands_in_the_log(site: Site, serve: Serve, debug: str) -> None:
    with serve(LOG_LEVEL="DEBUG", DEBUG=debug) as server:
        secrets = await asyncio.to_thread(credentials, server, site)
        for secret in secrets.values():
            await asyncio.to_thread(show_over_http, server, secret)
            await show_on_the_socket(server, secret)
        ticket = server.client().post("/hitl/ws/ticket").json()["ticket"]
        async with connect(f"{server.ws}?token={ticket}", proxy=None) as line:
            assert "connection_ack" in str(await line.recv())
        await asyncio.to_thread(break_in, server)
        secrets |= {"ticket": ticket, "right password": PASSWORD, "wrong password": "mistyped-one"}
    log = server.printed()
    assert '"level": "debug"' in log
    assert {name for name, secret in secrets.items() if secret in log} == set()


def credentials(server: Server, site: Site) -> dict[str, str]:
    """Return one lasting credential of each kind, from each place that issues one."""
    user = new_user(site)
    pair = signed_in(server, user)
    cookies = server.client(user).cookies
    return {
        "session": cookies["hitl_session"],
        "CSRF token": cookies["csrftoken"],
        "API token": issue(site, user),
        "access token": pair["access"],
        "refresh token": pair["refresh"],
        "unknown token": "hitl_" + "5" * 64,
    }


def show_over_http(server: Server, secret: str) -> None:
    """Send it as a header, a cookie, a body and part of an address, valid there or not."""
    with httpx.Client(base_url=server.origin, timeout=60) as client:
        for path in ("/hitl/reviews", "/hitl/nothing", "/admin/", "/sign-in"):
            client.get(path, params={"token": secret})
            client.get(path, headers={"Authorization": f"Bearer {secret}"})
            client.get(path, headers={"Cookie": f"hitl_session={secret}"})
        for path in ("/hitl/token/refresh", "/hitl/token/revoke", "/hitl/decisions"):
            client.post(path, json={"refresh": secret})
            client.post(path, content=secret, headers={"Content-Type": "application/json"})


async def show_on_the_socket(server: Server, secret: str) -> None:
    for address, headers, origin in (
        (f"{server.ws}?token={secret}", {}, None),
        (f"{server.ws}?token={secret}", {}, "https://elsewhere.example.com"),
        (f"{server.ws}/nothing?token={secret}", {}, None),
        (server.ws, {"Authorization": f"Bearer {secret}"}, None),
        (server.ws, {"Cookie": f"hitl_session={secret}"}, server.origin),
    ):
        options: Any = {"additional_headers": headers, "origin": origin, "proxy": None}
        with contextlib.suppress(InvalidStatus, ConnectionClosed):
            async with connect(address, **options) as line:
                await line.send('{"type": "nonsense"}')
                await line.recv()


def break_in(server: Server) -> None:
    """Try wrong passwords until sign-in is locked."""
    for _ in range(6):
        form = {"username": "nobody", "password": "mistyped-one"}
        httpx.post(f"{server.origin}/hitl/token", json=form)
        httpx.post(f"{server.origin}/sign-in", data=form)
