"""How much each sender may send, and that its memory is freed."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from tests.support.people import api, issue, new_user
from tests.support.problems import assert_problem
from tests.support.site import JSON, Server, Site, apv, decision

KIB, MIB = 1024, 1024 * 1024
UNCOLLECTED = "-m tests.support.uncollected_server"
ROUNDS = 12


def body_of(size: int) -> bytes:
    return b'{"username": "x", "password": "y"' + b" " * (size - 34) + b"}"


def post(server: Server, path: str, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.origin}{path}", content=body, headers=JSON | headers, timeout=60)


# -- Who sends it -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/hitl/token", "/hitl/token/refresh", "/hitl/token/revoke"])
def test_doors_for_everybody_take_little(server: Server, path: str) -> None:
    assert post(server, path, body_of(60 * KIB)).status_code in {400, 401}
    assert_problem(post(server, path, body_of(65 * KIB)), 413)


@pytest.mark.parametrize("path", ["/hitl/token", "/hitl/token/", "/hitl/token//refresh"])
def test_a_good_token_does_not_help_there(server: Server, site: Site, path: str) -> None:
    token = issue(site, "pipeline")
    answer = post(server, path, body_of(65 * KIB), Authorization=f"Bearer {token}")
    assert_problem(answer, 413)


@pytest.mark.parametrize("path", ["/sign-in", "/admin/login/", "/language", "/nowhere"])
def test_pages_take_little_from_people_who_are_not_signed_in(server: Server, path: str) -> None:
    assert post(server, path, b"x" * 65 * KIB).status_code == 413


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_nobody_sends_a_list_by_any_method(server: Server, method: str) -> None:
    url = f"{server.origin}/hitl/apvs"
    answer = httpx.request(method, url, content=b"[" + b" " * 65 * KIB, headers=JSON)
    problem = assert_problem(answer, 401)
    assert problem["detail"] == "Sign in to send as much as this."
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "shown",
    [
        {"Authorization": "Bearer hitl_0000000000000000000000000000000000000000"},
        {"Authorization": "Token a.b.c"},
        {"Authorization": "Bearer x"},
        {"Cookie": "hitl_session=forged"},
    ],
)
def test_credentials_that_are_not_good_make_no_room(server: Server, shown: dict[str, str]) -> None:
    assert_problem(post(server, "/hitl/apvs", body_of(65 * KIB), **shown), 401)


def test_chunks_without_credentials_end_where_little_does(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(32):
            yield b" " * 4 * KIB

    answer = httpx.post(f"{server.origin}/hitl/apvs", content=pieces(), headers=JSON, timeout=60)
    assert_problem(answer, 401)


def test_only_those_who_may_add_apvs_send_long_lists(server: Server, site: Site) -> None:
    body = json.dumps([apv(severity="HUGE", patch_diff="+" * 30_000)] * 200).encode()
    assert len(body) > 5 * MIB
    pipeline, reviewer = issue(site, new_user(site, "pipelines")), issue(site, new_user(site))
    with api(server, f"Bearer {pipeline}") as client:
        assert_problem(client.post("/hitl/apvs", content=body, headers=JSON), 400)
        assert_problem(client.post("/hitl/decisions", content=body, headers=JSON), 413)
    with api(server, f"Bearer {reviewer}") as client:
        assert_problem(client.post("/hitl/apvs", content=body, headers=JSON), 413)


def test_users_send_what_a_decision_and_a_form_need(server: Server) -> None:
    added = server.add_apv(patch_diff="\n" * MIB)
    large = {"evidence": "é" * 100_000}
    body = decision(added["apv_id"], decision="modify", modifications=large)
    assert server.post("/hitl/decisions", body).status_code == 200


def test_connection_goes_on_after_a_body_that_was_let_in(server: Server, site: Site) -> None:
    with api(server, f"Bearer {issue(site, 'pipeline')}") as client:
        for _ in range(3):
            assert client.post("/hitl/apvs", json=apv(patch_diff="+" * MIB)).status_code == 201
            assert client.get("/hitl/apvs?limit=1").status_code == 200


# -- What it costs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 300_000 + b"{}]",
        b"[" + b"[]," * 300_000 + b"[]]",
        b"[" + b"0," * 600_000 + b"0]",
        b'["' + b'","' * 600_000 + b'"]',
        b"[" + b'{"a":"b"},' * 300_000 + b"{}]",
    ],
)
def test_more_values_than_a_list_of_apvs_needs_are_refused(server: Server, body: bytes) -> None:
    answer = server.client("pipeline").post("/hitl/apvs", content=body, headers=JSON)
    assert "more than 250,000 values" in assert_problem(answer, 400)["detail"]


def test_signs_inside_texts_are_no_values(server: Server) -> None:
    signs = '[{,"\\]}' * 40_000
    assert server.add_apv(patch_diff=signs)["patch_diff"] == signs


@pytest.mark.parametrize("sign", ["[", '{"a":'])
def test_deep_nesting_is_refused(server: Server, sign: str) -> None:
    body = sign.encode() * 61
    answer = server.client("pipeline").post("/hitl/apvs", content=body, headers=JSON)
    assert assert_problem(answer, 400)["detail"] == "JSON parse error - nested too deeply"


@pytest.fixture(scope="module")
def uncollected(site: Site) -> Iterator[Server]:
    with site.uvicorn(program=UNCOLLECTED) as server:
        yield server


def keeps(server: Server, send: Any, times: int, most: float) -> bool:
    """Return whether each round of `times` requests leaves more than `most` bytes allocated.

    Memory that is kept grows in every round. A process also grows by itself, most in the first
    ones, as its threads come to use more of the allocator's arenas.
    """
    memory = psutil.Process(server.process.pid).memory_info
    before = memory().rss
    for _ in range(ROUNDS):
        for _ in range(times):
            send()
        after = memory().rss
        if after - before <= most:
            return False
        before = after
    return True


def test_what_anybody_sent_is_given_back_without_a_collection(uncollected: Server) -> None:
    body = b"[" + b"{}," * 21_000 + b"{}]"
    built = 21_000 * 72
    assert not keeps(uncollected, lambda: post(uncollected, "/hitl/token", body), 40, 10 * built)


def bad_list() -> Any:
    return [apv(severity="HUGE", patch_diff="+" * 30_000)] * 100


def good_list() -> Any:
    return [apv(patch_diff="+" * 30_000)] * 100


def one() -> Any:
    return apv(patch_diff="+" * MIB)


@pytest.mark.parametrize("make", [bad_list, good_list, one])
def test_so_is_what_pipelines_sent(uncollected: Server, make: Any) -> None:
    body = json.dumps(make()).encode()

    def send() -> None:
        uncollected.client("pipeline").post("/hitl/apvs", content=body, headers=JSON)

    assert not keeps(uncollected, send, 4, 2 * len(body))


def test_so_is_what_was_read(uncollected: Server) -> None:
    added = uncollected.post("/hitl/apvs", one(), user="pipeline").json()
    path = f"/hitl/apvs/{added['apv_id']}"

    def read() -> None:
        assert len(uncollected.client("pipeline").get(path).content) > MIB

    assert not keeps(uncollected, read, 4, 2 * MIB)


def test_so_are_forms(uncollected: Server) -> None:
    client, added = uncollected.client(), uncollected.add_apv()
    form = {"decision": "approve", "justification": "x" * MIB, "confidence": "1", "version": "1"}

    def send() -> None:
        answer = client.post(f"/apvs/{added['apv_code']}", data=form)
        assert answer.status_code == 400

    assert not keeps(uncollected, send, 4, 2 * MIB)
