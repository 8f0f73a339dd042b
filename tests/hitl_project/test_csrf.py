"""Writes by session: only from pages of this site."""

import httpx
import pytest

from tests.support.site import Server, apv, decision


def without_csrf(server: Server, user: str) -> httpx.Client:
    """A signed-in browser, on a page of another site."""
    cookies = {"hitl_session": server.client(user).cookies["hitl_session"]}
    return httpx.Client(base_url=server.origin, cookies=cookies, timeout=60)


def test_write_by_session_without_the_token_of_the_page_is_refused(server: Server) -> None:
    added = server.add_apv()
    body = decision(added["apv_id"])
    with without_csrf(server, "admin") as client:
        answers = [
            client.post("/hitl/apvs", json=apv()),
            client.post("/hitl/decisions", json=body),
            client.post("/hitl/ws/ticket"),
            client.post(f"/apvs/{added['apv_code']}", data=body),
            client.post(f"/admin/reviews/apv/{added['apv_id']}/decide/", data=body),
            client.post("/admin/knox/authtoken/add/", data={"user": 1, "days": 1}),
            client.post("/sign-out"),
            client.post("/admin/logout/"),
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert client.get(f"/hitl/apvs/{added['apv_id']}").json()["status"] == "pending"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_token_of_the_page_does_not_help_a_page_of_another_site(
    server: Server, origin: str
) -> None:
    answer = server.client().post("/hitl/ws/ticket", headers={"Origin": origin})
    assert answer.status_code == 403
