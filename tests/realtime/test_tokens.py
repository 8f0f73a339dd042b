"""Tokens: how programs authenticate, over REST and the socket."""

import base64
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast

import httpx
import pytest

from hitl_client import APVFields, Client, NewAPV
from hitl_client.errors import NotAllowed
from tests.support.people import api, issue, new_user, opened, refusal, signed_in
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv, decision


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


def test_program_opens_the_socket_with_a_token(server: Server, token: str) -> None:
    with Client(server.origin, token) as reviewer:
        followed = reviewer.follow("apvs", "decisions", "stats")
        assert next(followed).type == "stats_update"  # so it is subscribed
        added = server.add_apv()
        assert added["apv_id"] in (
            str(message.apv_id) for message in followed if isinstance(message, NewAPV)
        )


def test_token_may_do_what_its_user_may(server: Server, site: Site, token: str) -> None:
    fields = cast(APVFields, apv())
    with Client(server.origin, token) as reviewer, pytest.raises(NotAllowed):
        reviewer.add_apv(fields)
    with Client(server.origin, issue(site, "pipeline")) as pipeline:
        pipeline.add_apv(fields)
        with pytest.raises(NotAllowed):
            pipeline.decisions_page()


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


# -- JSON web tokens --------------------------------------------------------------------------


def renewed(server: Server, refresh: str) -> httpx.Response:
    return httpx.post(f"{server.origin}/hitl/token/refresh", json={"refresh": refresh})


async def test_program_comes_in_with_its_password_and_the_access_token_it_gets(
    server: Server,
) -> None:
    pair = signed_in(server)
    assert set(pair) == {"access", "refresh", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 300)
    added = server.add_apv()
    with api(server, f"Bearer {pair['access']}") as client:
        assert client.post("/hitl/decisions", json=decision(added["apv_id"])).status_code == 200
    async with opened(server, f"Bearer {pair['access']}") as socket:
        await socket.subscribe("apvs", "decisions", "stats")


@pytest.mark.parametrize("name", ["reviewer", "never-made"])
def test_wrong_password_gives_no_token_and_does_not_tell_whether_the_user_exists(
    server: Server, name: str
) -> None:
    form = {"username": name, "password": "wrong"}
    answer = httpx.post(f"{server.origin}/hitl/token", json=form)
    problem = assert_problem(answer, 401)
    assert problem["detail"] == "No active user has this name and password."


async def test_refresh_token_opens_nothing_itself(server: Server) -> None:
    refresh = signed_in(server)["refresh"]
    with api(server, f"Bearer {refresh}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)
    headers = {"Authorization": f"Bearer {refresh}"}
    assert await refusal(server, headers=headers) == (1008, "Invalid token")


def test_used_refresh_token_ends_the_sign_in_when_it_comes_again(server: Server) -> None:
    first = signed_in(server)
    second = renewed(server, first["refresh"]).json()
    for pair in (first, second):
        with api(server, f"Bearer {pair['access']}") as client:
            assert client.get("/hitl/reviews").status_code == 200
    assert_problem(renewed(server, first["refresh"]), 401)
    assert_problem(renewed(server, second["refresh"]), 401)
    with api(server, f"Bearer {second['access']}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)


def test_of_twenty_uses_of_a_refresh_token_at_once_one_succeeds(server: Server) -> None:
    refresh = signed_in(server)["refresh"]
    with ThreadPoolExecutor(20) as pool:
        statuses = [one.status_code for one in pool.map(partial(renewed, server), [refresh] * 20)]
    assert sorted(statuses) == [200] + [401] * 19


def test_signing_out_ends_the_access_token_too(server: Server) -> None:
    pair = signed_in(server)
    body = {"refresh": pair["refresh"]}
    assert httpx.post(f"{server.origin}/hitl/token/revoke", json=body).status_code == 204
    with api(server, f"Bearer {pair['access']}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)
    assert_problem(renewed(server, pair["refresh"]), 401)


@pytest.mark.parametrize("path", ["refresh", "revoke"])
def test_token_of_another_kind_neither_renews_nor_signs_out(server: Server, path: str) -> None:
    access = signed_in(server)["access"]
    for token in (access, "a.b.c", "nonsense", forged(access)):
        answer = httpx.post(f"{server.origin}/hitl/token/{path}", json={"refresh": token})
        assert_problem(answer, 401)


async def test_forged_token_lets_nobody_in(server: Server) -> None:
    token = forged(signed_in(server)["access"])
    with api(server, f"Bearer {token}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)
    headers = {"Authorization": f"Bearer {token}"}
    assert await refusal(server, headers=headers) == (1008, "Invalid token")


def test_new_password_ends_the_tokens_that_the_old_one_gave(server: Server, site: Site) -> None:
    name = new_user(site)
    pair = signed_in(server, name)
    code = (
        "from django.contrib.auth.models import User;"
        f"user = User.objects.get(username={name!r}); user.set_password('x'); user.save()"
    )
    site.manage("shell", "-v", "0", "-c", code)
    with api(server, f"Bearer {pair['access']}") as client:
        assert_problem(client.get("/hitl/reviews"), 401)
    assert_problem(renewed(server, pair["refresh"]), 401)


def test_no_refresh_token_is_kept(server: Server, site: Site) -> None:
    first = signed_in(server)["refresh"]
    second = renewed(server, first).json()["refresh"]
    kept = str(site.rows("SELECT * FROM token_blacklist_outstandingtoken ORDER BY id DESC LIMIT 9"))
    for token in (first, second):
        assert token.rsplit(".", 1)[1] not in kept


def forged(token: str) -> str:
    """Return the same claims without a signature, with `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."
