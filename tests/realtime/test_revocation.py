"""What users lose, their open sockets lose at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts import credentials, socket_access
from accounts.credentials import open_access, session
from accounts.credentials.api_token import issue_token
from realtime.access import Proof
from tests.support.people import api, issue, new_user, opened, signed_in
from tests.support.site import Server, Site, Socket, closed_within

TOLD_SECONDS = 2
UNTOLD_SECONDS = 60
LOGS = ("apvs", "decisions")


@contextlib.asynccontextmanager
async def watching(server: Server, site: Site, user: str, door: str) -> AsyncIterator[Socket]:
    """A socket of `user`, opened with one kind of credential and subscribed."""
    async with contextlib.AsyncExitStack() as stack:
        if door == "session":
            socket = await stack.enter_async_context(server.socket(user))
        elif door == "API token":
            token = await asyncio.to_thread(issue, site, user)
            socket = await stack.enter_async_context(opened(server, f"Bearer {token}"))
        elif door == "JWT":
            pair = await asyncio.to_thread(signed_in, server, user)
            socket = await stack.enter_async_context(opened(server, f"Bearer {pair['access']}"))
        else:
            ticket = server.client(user).post("/hitl/ws/ticket").json()["ticket"]
            socket = await stack.enter_async_context(
                server.socket("", origin=None, uri=f"{server.ws}?token={ticket}")
            )
        await socket.subscribe(*LOGS)
        yield socket


async def run(site: Site, user: str, code: str) -> None:
    """Change `user` in another process, as a colleague would."""
    before = (
        "from django.contrib.auth.models import *; from knox.models import AuthToken;"
        f"from accounts.models import SignIn; user = User.objects.get(username={user!r});"
    )
    await asyncio.to_thread(site.manage, "shell", "-v", "0", "-c", before + code)


DOORS = ["session", "API token", "JWT", "ticket"]
ENDS_EVERYTHING = {
    "disabled": "user.is_active = False; user.save()",
    "deleted": "user.delete()",
}
ENDS_A_CHANNEL = {
    "taken out of the group": "user.groups.clear()",
    "taken out from the group's side": "Group.objects.get(name='reviewers').user_set.remove(user)",
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("loss", ENDS_EVERYTHING)
async def test_socket_of_a_user_who_is_not_let_in_any_more_is_closed(
    server: Server, site: Site, door: str, loss: str
) -> None:
    user = new_user(site)
    async with watching(server, site, user, door) as socket, server.socket() as other:
        await run(site, user, ENDS_EVERYTHING[loss])
        code, _ = await closed_within(socket, TOLD_SECONDS)
        assert code == 4401
        assert (await other.ask({"type": "ping"}))["type"] == "pong"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("loss", ENDS_A_CHANNEL)
async def test_socket_that_may_not_read_its_channel_any_more_is_closed(
    server: Server, site: Site, door: str, loss: str
) -> None:
    user = new_user(site)
    async with watching(server, site, user, door) as socket:
        await run(site, user, ENDS_A_CHANNEL[loss])
        closed = await closed_within(socket, TOLD_SECONDS)
        assert closed == (4403, "You may no longer read: apvs, decisions")


@pytest.mark.parametrize(("door", "code"), [*zip(DOORS, [4401, None, 4401, 4401], strict=True)])
async def test_new_password_ends_what_the_old_one_opened(
    server: Server, site: Site, door: str, code: int | None
) -> None:
    """A new password does not end API tokens; they are revoked by themselves."""
    user = new_user(site)
    async with watching(server, site, user, door) as socket:
        await run(site, user, "user.set_password('another'); user.save()")
        if code is None:
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
        else:
            assert (await closed_within(socket, TOLD_SECONDS))[0] == code


@pytest.mark.parametrize("door", ["session", "ticket"])
async def test_signing_out_ends_the_sockets_of_that_session_only(
    server: Server, site: Site, door: str
) -> None:
    user = new_user(site)
    async with (
        watching(server, site, user, door) as socket,
        watching(server, site, user, "API token") as other,
    ):
        assert server.client(user).post("/sign-out").status_code == 302
        server.forget(user)
        assert (await closed_within(socket, TOLD_SECONDS))[0] == 4401
        assert (await other.ask({"type": "ping"}))["type"] == "pong"


async def test_revoked_token_ends_its_sockets_only(server: Server, site: Site) -> None:
    user = new_user(site)
    first, second = [await asyncio.to_thread(issue, site, user) for _ in range(2)]
    async with (
        opened(server, f"Bearer {first}") as socket,
        opened(server, f"Bearer {second}") as other,
    ):
        code = f"AuthToken.objects.filter(token_key={first[:15]!r}).delete()"
        await run(site, user, code)
        assert (await closed_within(socket, TOLD_SECONDS))[0] == 4401
        assert (await other.ask({"type": "ping"}))["type"] == "pong"


async def test_program_that_signs_out_ends_its_sockets(server: Server, site: Site) -> None:
    pair = signed_in(server, new_user(site))
    async with opened(server, f"Bearer {pair['access']}") as socket:
        with api(server, "") as client:
            client.post("/hitl/token/revoke", json={"refresh": pair["refresh"]})
        assert (await closed_within(socket, TOLD_SECONDS))[0] == 4401


async def test_socket_ends_when_its_token_expires(server: Server, site: Site) -> None:
    user = new_user(site)
    token = await asyncio.to_thread(issue, site, user)
    sql = "UPDATE knox_authtoken SET expiry = now() + interval '3 s' WHERE token_key = %s"
    site.execute(sql, token[:15])
    async with opened(server, f"Bearer {token}") as socket:
        assert (await closed_within(socket, 3 + TOLD_SECONDS))[0] == 4401


async def test_permission_lost_by_a_whole_group_ends_the_channel(
    server: Server, site: Site
) -> None:
    user = new_user(site, group="")
    grant = (
        "group = Group.objects.create(name=user.username); group.user_set.add(user);"
        "group.permissions.set(Permission.objects.filter(codename__in=['view_apv', 'view_stats']))"
    )
    await run(site, user, grant)
    async with server.socket(user) as socket, server.socket(user) as unconcerned:
        await socket.subscribe("apvs")
        await unconcerned.subscribe("stats")
        lose = (
            "Group.objects.get(name=user.username).permissions.remove("
            "Permission.objects.get(codename='view_apv'))"
        )
        await run(site, user, lose)
        assert (await closed_within(socket, TOLD_SECONDS))[0] == 4403
        error = await unconcerned.ask({"type": "subscribe", "channels": ["apvs"]})
        assert error["error_code"] == "FORBIDDEN_CHANNEL"


async def test_granted_permission_is_there_at_once(server: Server, site: Site) -> None:
    user = new_user(site, group="pipelines")
    async with server.socket(user) as socket:
        error = await socket.ask({"type": "subscribe", "channels": ["decisions"]})
        assert error["error_code"] == "FORBIDDEN_CHANNEL"
        await run(site, user, "user.groups.add(Group.objects.get(name='observers'))")

        async def may_subscribe() -> None:
            answer = error
            while answer["type"] == "error":
                answer = await socket.ask({"type": "subscribe", "channels": ["decisions"]})
                await asyncio.sleep(0.05)

        await asyncio.wait_for(may_subscribe(), TOLD_SECONDS)


async def test_not_one_event_follows_a_loss(server: Server, site: Site) -> None:
    """What was sent before is still read; events after the loss are not."""
    user = new_user(site)
    async with watching(server, site, user, "session") as socket:
        before = await asyncio.to_thread(server.add_apv)
        await run(site, user, "user.groups.clear()")
        await closed_within(socket, TOLD_SECONDS)
        after = await asyncio.to_thread(server.add_apv)
        heard = ""
        with contextlib.suppress(ConnectionClosed):
            while True:
                heard += str(await socket.connection.recv())
    assert before["apv_id"] in heard
    assert after["apv_id"] not in heard


async def test_without_redis_every_loss_is_found_within_a_minute(site: Site) -> None:
    users = [new_user(site) for _ in range(3)]
    with site.uvicorn(REDIS_URL="redis://127.0.0.1:1/0") as server:
        async with contextlib.AsyncExitStack() as stack:
            sockets = [
                await stack.enter_async_context(watching(server, site, user, door))
                for user, door in zip(users, ["session", "API token", "JWT"], strict=True)
            ]
            site.execute("UPDATE auth_user SET is_active = false WHERE username = %s", users[0])
            sql = "DELETE FROM knox_authtoken USING auth_user WHERE user_id = id AND username = %s"
            site.execute(sql, users[1])
            sql = (
                "DELETE FROM auth_user_groups USING auth_user u"
                " WHERE user_id = u.id AND username = %s"
            )
            site.execute(sql, users[2])
            closed = [closed_within(socket, UNTOLD_SECONDS) for socket in sockets]
            codes = [code for code, _ in await asyncio.gather(*closed)]
    assert codes == [4401, 4401, 4403]


# -- The look at everybody --------------------------------------------------------------------


def proofs_of(number: int) -> list[Proof]:
    """Return proofs of every kind, of so many new users each."""
    found = []
    for one in range(number):
        user = User.objects.create_user(f"user-{number}-{one}")
        user.groups.add(Group.objects.get(name="observers"))
        key = f"key-{number}-{one}"
        expires = timezone.now() + timedelta(days=1)
        Session.objects.create(session_key=key, session_data="", expire_date=expires)
        _, secret = issue_token(user, days=1)
        found += [session.proof_of(user, key), credentials.open_with(secret)[1]]
    return found


@pytest.mark.django_db
def test_look_at_everybody_takes_as_many_queries_as_a_look_at_one(
    django_assert_max_num_queries: Any,
) -> None:
    few, many = proofs_of(1), proofs_of(40)
    with django_assert_max_num_queries(5) as queries:
        assert set(socket_access.identities(few)) == set(few)
    for_few = len(queries)
    with django_assert_max_num_queries(for_few):
        assert set(socket_access.identities(many)) == set(many)


@pytest.mark.django_db
def test_look_at_many_finds_what_a_look_at_one_finds() -> None:
    direct = User.objects.create_user("direct")
    direct.user_permissions.add(Permission.objects.get(codename="view_stats"))
    users = [direct, User.objects.create_user("nobody"), User.objects.create_superuser("root")]
    for group in Group.objects.all():
        user = User.objects.create_user(f"in-{group.name}")
        user.groups.add(group)
        users.append(user)
    found = socket_access.identities([open_access.proof_of(user) for user in users])
    assert {one.username: one.channels for one in found.values()} == {
        user.username: frozenset(socket_access.readable_channels(user)) for user in users
    }
