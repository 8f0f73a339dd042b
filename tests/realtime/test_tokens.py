"""API tokens: how programs come in, over REST and the socket."""

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.reviews.test_decisions_api import assert_problem
from tests.site import Server, Site, Socket, apv, decision


def issue(site: Site, user: str, *arguments: str) -> str:
    """A new token of `user`, as the command prints it."""
    found = re.search(r"^hitl_\w+$", site.manage("issue_token", user, *arguments), re.MULTILINE)
    assert found
    return found[0]


def api(server: Server, authorization: str) -> httpx.Client:
    """A program: it has a header, and no cookies."""
    return httpx.Client(
        base_url=server.origin, headers={"Authorization": authorization}, timeout=60
    )


@contextlib.asynccontextmanager
async def opened(server: Server, authorization: str, **options: Any) -> AsyncIterator[Socket]:
    """The socket of a program, which sends no Origin."""
    headers = {"Authorization": authorization}
    async with server.socket("", headers=headers, origin=None, **options) as socket:
        yield socket


async def refusal(server: Server, **options: Any) -> tuple[int, str]:
    """The code and reason with which a socket is closed that should not be let in."""
    async with server.raw_socket("", **{"origin": None, **options}) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def expire(site: Site, token: str) -> None:
    sql = "UPDATE knox_authtoken SET expiry = now() - interval '1 s' WHERE token_key = %s"
    site.execute(sql, token[:15])


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return issue(site, "reviewer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_program_reads_and_writes_with_a_token_and_without_csrf(
    server: Server, token: str, scheme: str
) -> None:
    added = server.add_apv()
    with api(server, f"{scheme} {token}") as client:
        assert client.get(f"/hitl/reviews/{added['apv_id']}").status_code == 200
        record = client.post("/hitl/decisions", json=decision(added["apv_id"])).json()
    assert record["reviewer_name"] == "Rita Reviewer"


async def test_program_opens_the_socket_with_a_token(server: Server, token: str) -> None:
    async with opened(server, f"Bearer {token}") as socket:
        await socket.subscribe("apvs", "decisions", "stats")
        added = server.add_apv()
        await socket.until(type="new_apv", apv_id=added["apv_id"])


def test_token_may_do_what_its_user_may(server: Server, site: Site, token: str) -> None:
    with api(server, f"Bearer {token}") as client:
        assert_problem(client.post("/hitl/apvs", json=apv()), 403)
    with api(server, f"Bearer {issue(site, 'pipeline')}") as client:
        assert client.post("/hitl/apvs", json=apv()).status_code == 201
        assert_problem(client.get("/hitl/decisions"), 403)


@pytest.mark.parametrize("shown", ["hitl_", "hitl_" + "0" * 64, "nonsense", "\xff", "a b"])
async def test_unknown_token_lets_nobody_in(server: Server, shown: str) -> None:
    async with httpx.AsyncClient(base_url=server.origin) as client:
        raw = {b"Authorization": f"Bearer {shown}".encode()}
        answer = await client.get("/hitl/reviews", headers=raw)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    headers = {"Authorization": f"Bearer {shown}"}
    assert await refusal(server, headers=headers) == (1008, "Invalid token")


async def test_bad_token_is_not_made_good_by_a_session(server: Server) -> None:
    session = server.client()
    answer = session.get("/hitl/reviews", headers={"Authorization": "Bearer wrong"})
    assert_problem(answer, 401)
    cookie = f"hitl_session={session.cookies['hitl_session']}"
    headers = {"Cookie": cookie, "Authorization": "Bearer wrong"}
    assert await refusal(server, headers=headers, origin=server.origin) == (1008, "Invalid token")


async def test_expired_token_lets_nobody_in(server: Server, site: Site) -> None:
    token = issue(site, "reviewer", "--days", "1")
    expire(site, token)
    with api(server, f"Bearer {token}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)
    headers = {"Authorization": f"Bearer {token}"}
    assert await refusal(server, headers=headers) == (1008, "Invalid token")


def test_token_is_stored_hashed(site: Site, token: str) -> None:
    [row] = site.rows(
        "SELECT digest, token_key, expiry - created FROM knox_authtoken WHERE token_key = %s",
        token[:15],
    )
    assert token.startswith("hitl_")
    assert len(token) == 69
    assert token not in str(row)
    assert token[15:] not in str(row)
    assert row[2].days in {89, 90}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nobody"], "there is no user 'nobody'"),
        (["reviewer", "--days", "0"], "--days must be from 1 to 3,650, not 0"),
        (["reviewer", "--days", "3651"], "--days must be from 1 to 3,650, not 3651"),
    ],
)
def test_token_that_cannot_be_made_is_said_in_one_line(
    site: Site, arguments: list[str], reason: str
) -> None:
    assert site.manage("issue_token", *arguments, check=False) == f"CommandError: {reason}\n"


def test_metrics_are_for_a_token_that_may_view_stats(
    server: Server, site: Site, token: str
) -> None:
    elsewhere = {"X-Forwarded-For": "192.0.2.1"}
    with api(server, f"Bearer {token}") as client:
        assert client.get("/hitl/metrics", headers=elsewhere).status_code == 200
    with api(server, f"Bearer {issue(site, 'pipeline')}") as client:
        assert client.get("/hitl/metrics", headers=elsewhere).status_code == 403
