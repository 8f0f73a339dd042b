"""Users of a test's own, and programs with their tokens."""

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.site import PASSWORD, REUSE, Server, Site, Socket


def new_user(site: Site, group: str = "reviewers") -> str:
    """Return a user of `group` that no other test uses, with the usual password."""
    name = f"user-{uuid4().hex[:12]}"
    site.execute(
        "INSERT INTO auth_user (username, password, is_superuser, is_staff, is_active,"
        " first_name, last_name, email, date_joined)"
        " SELECT %s, password, false, false, true, '', '', '', now()"
        " FROM auth_user WHERE username = 'reviewer'",
        name,
    )
    add_to_group(site, name, group)
    return name


def add_to_group(site: Site, user: str, group: str) -> None:
    """Put a user whom nobody has used yet into one more group."""
    site.execute(
        "INSERT INTO auth_user_groups (user_id, group_id)"
        " SELECT u.id, g.id FROM auth_user u, auth_group g WHERE u.username = %s AND g.name = %s",
        user,
        group,
    )


def move_to_group(site: Site, user: str, group: str) -> None:
    """Put `user` into `group` alone, as the admin does, so that the hubs are notified."""
    swap = (
        "from django.contrib.auth.models import *; user = User.objects.get(username={!r});"
        "user.groups.set([Group.objects.get(name={!r})])"
    )
    site.manage("shell", "-v", "0", "-c", swap.format(user, group))


def issue(site: Site, user: str, *arguments: str) -> str:
    """Return a new token of `user`, as the command prints it."""
    found = re.search(r"^hitl_\w+$", site.manage("issue_token", user, *arguments), re.MULTILINE)
    assert found
    return found[0]


def api(server: Server, authorization: str) -> httpx.Client:
    """Return the client of a program: with a header, without cookies."""
    return httpx.Client(
        base_url=server.origin, headers={"Authorization": authorization}, timeout=60, limits=REUSE
    )


@contextlib.asynccontextmanager
async def opened(server: Server, authorization: str, **options: Any) -> AsyncIterator[Socket]:
    """Return the socket of a program, which sends no Origin."""
    headers = {"Authorization": authorization}
    async with server.socket("", headers=headers, origin=None, **options) as socket:
        yield socket


async def refusal(server: Server, **options: Any) -> tuple[int, str]:
    """Return the close code and reason of a socket that must be refused."""
    async with server.raw_socket("", **{"origin": None, **options}) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def signed_in(server: Server, user: str = "reviewer") -> dict[str, Any]:
    """Return a pair of tokens for the password of `user`."""
    form = {"username": user, "password": PASSWORD}
    answer = httpx.post(f"{server.origin}/hitl/token", json=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
