"""Sockets that wait to be let in are looked up together, each by its own credential."""

import asyncio
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import DataError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import credentials, socket_access
from accounts.credentials import api_token, jwt, tickets
from realtime import access
from realtime.access import Access, Identity, InvalidToken, Proof
from realtime.socket.admission import Admission
from tests.support.waiting import ANSWER_SECONDS, until

ORIGIN = (b"origin", b"http://testserver")


def scope(*headers: tuple[bytes, bytes], query: bytes = b"") -> dict[str, Any]:
    return {"query_string": query, "headers": list(headers)}


def bearer(token: str) -> dict[str, Any]:
    return scope((b"authorization", f"Bearer {token}".encode()))


def new_user(name: str) -> Any:
    return get_user_model().objects.create_user(name, password="x")


def session_of(user: Any) -> dict[str, Any]:
    client = Client()
    client.force_login(user)
    cookie = client.cookies["hitl_session"].value
    return scope(ORIGIN, (b"cookie", f"hitl_session={cookie}".encode()))


@pytest.fixture
def one_of_each(db: None) -> list[dict[str, Any]]:
    """A socket with each kind of credential, each of another user."""
    ana, bea, cid, dan = (new_user(name) for name in ("ana", "bea", "cid", "dan"))
    _, token = api_token.issue_token(bea, days=1)
    ticket = tickets.issue(Proof("api_token", dan.pk, api_token.issue_token(dan, days=1)[0].pk))
    return [
        session_of(ana),
        bearer(token),
        bearer(jwt.sign_in(cid).access),
        scope(query=f"token={ticket}".encode()),
    ]


def names(found: list[Identity | None]) -> list[str | None]:
    return [one.username if one else None for one in found]


def test_each_kind_is_let_in_as_its_user(one_of_each: list[dict[str, Any]]) -> None:
    nobody = [bearer("unknown"), bearer("un.kno.wn"), scope(query=b"token=unknown"), scope()]
    found = socket_access.authenticate([*one_of_each, *nobody])
    assert names(found) == ["ana", "bea", "cid", "dan", None, None, None, None]


def test_ticket_opens_one_of_two_sockets_that_come_together(
    one_of_each: list[dict[str, Any]],
) -> None:
    ticket = one_of_each[3]
    assert names(socket_access.authenticate([ticket, ticket])) == ["dan", None]
    assert names(socket_access.authenticate([ticket])) == [None]


def test_cookie_counts_only_from_a_page(one_of_each: list[dict[str, Any]]) -> None:
    cookie = scope(*one_of_each[0]["headers"][1:])
    assert names(socket_access.authenticate([cookie])) == [None]


@pytest.mark.parametrize("lost", ["active", "password", "revoked"])
def test_lost_credentials_let_nobody_in(one_of_each: list[dict[str, Any]], lost: str) -> None:
    users: Any = get_user_model().objects.filter(username__in=["ana", "bea", "cid", "dan"])
    for user in users:
        if lost == "active":
            user.is_active = False
        if lost == "password":
            user.set_password("another")
        user.save()
        if lost == "revoked":
            user.auth_token_set.all().delete()
            user.signin_set.all().delete()
    if lost == "revoked":
        SessionStore(session_key(one_of_each[0])).delete()
    by_token = lost == "password"  # which does not end API tokens
    expected = [None, "bea" if by_token else None, None, "dan" if by_token else None]
    assert names(socket_access.authenticate(one_of_each)) == expected


def session_key(shown: dict[str, Any]) -> str:
    cookies: bytes = dict(shown["headers"])[b"cookie"]
    return cookies.decode().partition("=")[2]


def test_many_cost_as_many_queries_as_one_of_each(one_of_each: list[dict[str, Any]]) -> None:
    more = [session_of(new_user(f"page-{number}")) for number in range(10)]
    more += [
        bearer(api_token.issue_token(new_user(f"program-{number}"), days=1)[1])
        for number in range(10)
    ]
    with CaptureQueriesContext(connection) as few:
        socket_access.authenticate(one_of_each[:3])
    with CaptureQueriesContext(connection) as many:
        found = socket_access.authenticate([*one_of_each[:3], *more])
    assert None not in found
    assert len(many) == len(few)


def test_one_look_finds_what_a_request_finds(one_of_each: list[dict[str, Any]]) -> None:
    """What counts over HTTP counts for a socket, and proves the same."""
    for shown in one_of_each[:3]:
        headers = {name.decode(): value.decode() for name, value in shown["headers"]}
        user, proof = credentials.open_headers(headers)
        [identity] = socket_access.authenticate([shown])
        assert identity is not None
        assert (identity.username, identity.proof) == (user.get_username(), proof)


# -- Waiting together -----------------------------------------------------------------------------


class Desk:
    """Stands in for the functions that look credentials up; it holds each look until let go."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []
        self.fails: dict[str, Exception] = {}
        self.let_go = threading.Event()
        self.let_go.set()

    def authenticate(self, scopes: Any) -> list[Identity | None]:
        self.looks.append([one["name"] for one in scopes])
        self.let_go.wait(ANSWER_SECONDS)
        for one in scopes:
            if error := self.fails.get(one["name"]):
                raise error
        return [
            None if one["name"] == "nobody" else Identity(one["name"], frozenset(), Proof("x", 1))
            for one in scopes
        ]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk()
    monkeypatch.setattr(access, "_access", Access(found.authenticate, lambda proofs: {}))
    return found


async def come(admission: Admission, *who: str) -> list[Any]:
    coming = [admission.identity_of({"name": name}) for name in who]
    return await asyncio.gather(*coming, return_exceptions=True)


async def test_those_who_come_during_a_look_share_the_next(desk: Desk) -> None:
    crowd = [f"user-{number}" for number in range(30)]
    admission = Admission()
    desk.let_go.clear()
    first = asyncio.ensure_future(admission.identity_of({"name": "first"}))
    await until(lambda: bool(desk.looks))
    others = asyncio.ensure_future(come(admission, *crowd))
    await asyncio.sleep(0)
    desk.let_go.set()
    assert (await first).username == "first"
    assert [one.username for one in await others] == crowd
    assert desk.looks == [["first"], crowd]


async def test_nobody_is_told_and_others_come_in(desk: Desk) -> None:
    found = await come(Admission(), "first", "second", "nobody", "third")
    assert isinstance(found.pop(2), InvalidToken)
    assert [one.username for one in found] == ["first", "second", "third"]


async def test_one_who_cannot_be_looked_up_keeps_nobody_out(desk: Desk) -> None:
    desk.fails = {"odd": DataError("a NUL")}
    found = await come(Admission(), "first", "second", "odd", "third")
    assert found.pop(2) is desk.fails["odd"]
    assert [one.username for one in found] == ["first", "second", "third"]


async def test_without_a_database_all_are_told_at_once(desk: Desk) -> None:
    desk.fails = {name: OperationalError("away") for name in ("second", "third")}
    found = await come(Admission(), "first", "second", "third")
    assert {type(one) for one in found} == {OperationalError}
    assert len(desk.looks) == 1


async def test_one_who_left_is_not_looked_up(desk: Desk) -> None:
    admission = Admission()
    stays = asyncio.ensure_future(admission.identity_of({"name": "first"}))
    leaves = asyncio.ensure_future(admission.identity_of({"name": "second"}))
    await asyncio.sleep(0)
    leaves.cancel()
    await stays
    assert [one.username for one in await come(admission, "third")] == ["third"]
    assert desk.looks == [["first"], ["third"]]
