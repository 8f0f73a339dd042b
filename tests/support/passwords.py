"""Try passwords, at each interface that asks for one."""

import httpx

from tests.support.site import Server

FORMS = {"console": "/sign-in", "admin": "/admin/login/"}
DOORS = [*FORMS, "token"]
LIMIT = 5


def knock(
    server: Server, door: str, user: str, password: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Try a password at an interface, as a new client does."""
    with httpx.Client(base_url=server.origin, headers=headers, timeout=60) as client:
        form = {"username": user, "password": password}
        if door == "token":
            return client.post("/hitl/token", json=form)
        client.get(FORMS[door])
        form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
        return client.post(FORMS[door], data=form, headers={"Referer": server.origin})


def lock(server: Server, door: str, user: str) -> httpx.Response:
    for number in range(LIMIT):
        answer = knock(server, door, user, f"wrong-{number}")
    return answer


def let_in(answer: httpx.Response) -> bool:
    """Return whether there is a session now, or a token."""
    return "hitl_session" in answer.cookies or "access" in answer.text
