"""Two hosts whose clocks are minutes apart: what one writes counts at the other as it should."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.support.clocks import clock_wrong_by
from tests.support.debian_program import NoProgram
from tests.support.people import api, issue, new_user, opened, signed_in
from tests.support.site import Server, Site

MINUTES = 4
"""By how much one clock is ahead of the database's, and the other one behind."""
LIMITS = {"HITL_UNDO_SECONDS": "60", "HITL_CLAIM_MINUTES": "3"}
"""How long something holds: less than the clocks are apart."""

Hosts = tuple[Server, Server]


@pytest.fixture(scope="module")
def both(site: Site) -> Iterator[Hosts]:
    try:
        clocks = [clock_wrong_by(minutes) for minutes in (MINUTES, -MINUTES)]
    except NoProgram as error:
        pytest.skip(str(error))
    with contextlib.ExitStack() as stack:
        ahead, behind = (stack.enter_context(start(site, variables)) for variables in clocks)
        yield ahead, behind


def start(site: Site, clock: dict[str, str]) -> contextlib.AbstractContextManager[Server]:
    return site.uvicorn(port=0, **{**LIMITS, **clock})


@pytest.fixture(params=["ahead", "behind"])
def hosts(request: Any, both: Hosts) -> Hosts:
    """Return the host that writes, and the one that reads."""
    ahead, behind = both
    return (ahead, behind) if request.param == "ahead" else (behind, ahead)


def database_time(site: Site) -> datetime:
    [(moment,)] = site.rows("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


def bearer(server: Server, token: str) -> httpx.Client:
    return api(server, f"Bearer {token}")


async def test_events_carry_the_time_of_the_database(hosts: Hosts, site: Site) -> None:
    writer, reader = hosts
    async with reader.socket() as socket:
        await socket.subscribe("apvs")
        before = database_time(site)
        added = writer.add_apv()
        event = await socket.until(type="new_apv", apv_id=added["apv_id"])
        after = database_time(site)
    assert before <= datetime.fromisoformat(event["timestamp"]) <= after
    assert before <= datetime.fromisoformat(added["created_at"]) <= after
    assert before <= datetime.fromisoformat(added["updated_at"]) <= after


async def test_ticket_opens_a_socket_at_another_host(hosts: Hosts) -> None:
    writer, reader = hosts
    ticket = writer.client().post("/hitl/ws/ticket").json()["ticket"]
    async with reader.socket("", uri=f"{reader.ws}?token={ticket}") as socket:
        assert socket.ack["type"] == "connection_ack"


async def test_json_web_token_is_valid_at_another_host(hosts: Hosts) -> None:
    writer, reader = hosts
    pair = signed_in(writer)
    assert bearer(reader, pair["access"]).get("/hitl/reviews").status_code == 200
    async with opened(reader, f"Bearer {pair['access']}") as socket:
        await socket.subscribe("apvs")
    renewed = reader.post("/hitl/token/refresh", {"refresh": pair["refresh"]}, user="")
    assert renewed.status_code == 200, renewed.text
    again = bearer(writer, renewed.json()["access"])
    assert again.get("/hitl/reviews").status_code == 200


def test_api_token_and_session_are_valid_at_another_host(hosts: Hosts, site: Site) -> None:
    writer, reader = hosts
    assert bearer(reader, issue(site, "reviewer")).get("/hitl/reviews").status_code == 200
    shown = {"Cookie": f"hitl_session={writer.client().cookies['hitl_session']}"}
    assert httpx.get(f"{reader.origin}/hitl/reviews", headers=shown).status_code == 200


def test_claim_holds_at_another_host(hosts: Hosts, site: Site) -> None:
    writer, reader = hosts
    first, second = new_user(site), new_user(site)
    added = writer.add_apv()
    claim = f"/hitl/apvs/{added['apv_id']}/claim"
    assert writer.post(claim, {}, user=first).status_code in {200, 201}
    refused = reader.post(claim, {}, user=second)
    assert refused.status_code == 409, refused.text


def test_readers_of_two_hosts_see_each_other(hosts: Hosts, site: Site) -> None:
    writer, reader = hosts
    first, second = new_user(site), new_user(site)
    reading = f"/apvs/{writer.add_apv()['apv_code']}/reading"
    writer.client(first).post(reading, data={"tab": "one"})
    seen = reader.client(second).post(reading, data={"tab": "two"}).json()
    assert seen["others"] == [first]
    seen = writer.client(first).post(reading, data={"tab": "one"}).json()
    assert seen["others"] == [second]


def test_decision_can_be_taken_back_at_another_host(hosts: Hosts) -> None:
    writer, reader = hosts
    decided = writer.decide(writer.add_apv()["apv_id"]).json()
    path = f"/hitl/decisions/{decided['decision_id']}/retract"
    answer = reader.post(path, {"reason": "I had read another patch."})
    assert answer.status_code in {200, 201}, answer.text
