"""The limit on writes per minute, for each kind of sender and interface."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from knox.crypto import hash_token

from accounts.api.throttles import CountedWrites
from realtime.token_bucket import TokenBuckets
from tests.support.people import api, new_user
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv
from tests.support.waiting import wait_for

MOST = 5
"""So few that a slow machine has sent them all before the first is given back, 12 s later."""


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server on which everybody may write five times a minute."""
    with site.uvicorn(
        HITL_WRITES_PER_MINUTE=str(MOST), HITL_TRUSTED_PROXIES="127.0.0.1"
    ) as running:
        yield running


@pytest.fixture
def program(server: Server, site: Site) -> httpx.Client:
    """A pipeline that no other test uses, with a token."""
    return program_of(server, site, new_user(site, "pipelines"))


def program_of(server: Server, site: Site, user: str) -> httpx.Client:
    token = f"hitl_{uuid4().hex}"
    site.execute(
        "INSERT INTO knox_authtoken (digest, token_key, user_id, created)"
        " SELECT %s, %s, id, now() FROM auth_user WHERE username = %s",
        hash_token(token),
        token[:15],
        user,
    )
    return api(server, f"Bearer {token}")


def spend(client: httpx.Client) -> None:
    for _ in range(MOST):
        assert client.post("/hitl/ws/ticket").status_code == 200


def assert_too_many(answer: httpx.Response) -> None:
    problem = assert_problem(answer, 429)
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 60 / MOST
    assert problem["detail"] == f"Too many writes. Try again in {wait} s."


def test_write_over_the_limit_is_refused_and_reading_goes_on(program: httpx.Client) -> None:
    spend(program)
    assert_too_many(program.post("/hitl/apvs", json=apv()))
    for _ in range(2 * MOST):
        assert program.get("/hitl/apvs").status_code == 200


def test_refused_write_changes_nothing(program: httpx.Client, site: Site) -> None:
    spend(program)
    before = site.rows("SELECT count(*) FROM reviews_apv")
    assert_too_many(program.post("/hitl/apvs", json=apv()))
    assert site.rows("SELECT count(*) FROM reviews_apv") == before


def test_after_a_while_one_more_is_let_through(program: httpx.Client) -> None:
    spend(program)
    assert_too_many(program.post("/hitl/ws/ticket"))
    wait_for(lambda: program.post("/hitl/ws/ticket").status_code == 200, "the next write")


def test_all_tokens_of_a_user_count_together_and_others_by_themselves(
    server: Server, site: Site, program: httpx.Client
) -> None:
    user = new_user(site)
    first, second = (program_of(server, site, user) for _ in range(2))
    spend(first)
    assert_too_many(second.post("/hitl/ws/ticket"))
    assert program.post("/hitl/ws/ticket").status_code == 200


def test_what_is_not_permitted_counts_too(program: httpx.Client) -> None:
    for _ in range(MOST):
        assert_problem(program.post("/hitl/decisions", json={}), 403)
    assert_too_many(program.post("/hitl/decisions", json={}))


ATTEMPTS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "nothing": ("/hitl/decisions", {}, {}),
    "a bad token": ("/hitl/decisions", {}, {"Authorization": "Bearer hitl_x"}),
    "a bad refresh token": ("/hitl/token/refresh", {"refresh": "x"}, {}),
}


@pytest.mark.parametrize("shown", ATTEMPTS)
def test_attempts_without_good_credentials_count_by_address(
    server: Server, program: httpx.Client, shown: str
) -> None:
    path, body, headers = ATTEMPTS[shown]
    here = {"X-Forwarded-For": f"2001:db8::{len(shown)}"}

    def attempt(proxied: dict[str, str]) -> httpx.Response:
        return server.client("").post(path, json=body, headers={**headers, **proxied})

    assert {attempt(here).status_code for _ in range(MOST)} == {401}
    assert_too_many(attempt(here))
    assert attempt({"X-Forwarded-For": f"192.0.2.{len(shown)}"}).status_code == 401
    assert program.post("/hitl/ws/ticket", headers=here).status_code == 200


def test_pages_count_with_rest_and_say_so_on_a_page(server: Server, site: Site) -> None:
    client = server.client(new_user(site))
    for number in range(MOST):  # refused for what they are, and counted
        path = "/hitl/decisions" if number % 2 else "/apvs/APV-2026-999999999"
        assert client.post(path, headers={"Referer": server.origin}).status_code in {400, 404}
    answer = client.post("/apvs/APV-2026-999999999", headers={"Referer": server.origin})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60 / MOST
    assert "<h1>Too much was sent in a short time</h1>" in answer.text
    assert_too_many(client.post("/hitl/decisions", json={}))
    assert client.get("/").status_code == 200


def test_without_a_limit_nobody_is_refused(uvicorn_server: Server, site: Site) -> None:
    client = program_of(uvicorn_server, site, new_user(site))
    for _ in range(3 * MOST):
        assert client.post("/hitl/ws/ticket").status_code == 200


def test_every_view_of_rest_that_is_written_to_counts() -> None:
    found = dict(_views(get_resolver().url_patterns))
    written = [path for path, view in found.items() if "post" in getattr(view, "actions", {})]
    assert len(written) == 10
    for path in written:
        assert issubclass(found[path].cls, CountedWrites), path


def _views(patterns: list[Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for one in patterns:
        path = f"{above}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield path, one.callback


def test_writers_who_are_silent_for_two_minutes_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    writers = TokenBuckets()
    for address in range(1000):
        assert writers.wait(str(address), MOST) == 0
    for _ in range(3):
        now[0] += 61
        assert writers.wait("somebody", MOST) == 0
    assert len(writers._recent) + len(writers._older) == 1


def test_nobody_gains_by_the_minute_in_which_others_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    writers = TokenBuckets()
    let_through = 0
    for _ in range(10 * 60):
        now[0] += 1
        let_through += sum(writers.wait("flood", MOST) == 0 for _ in range(MOST))
    assert let_through <= MOST * (10 + 1)


def test_exports_count_as_writes_do(server: Server, site: Site) -> None:
    name = new_user(site)
    client = server.client(name)
    statuses = [client.get("/decisions.csv").status_code for _ in range(MOST + 1)]
    assert statuses == [200] * MOST + [429]
    assert client.get("/").status_code == 200
