"""Headers of all responses, with TLS and without."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.site import PASSWORD, Server, Site

PAGES = ("/", "/sign-in", "/nothing-here", "/admin/login/", "/hitl/docs", "/hitl/apvs", "/hitl/x")


@pytest.fixture(scope="module")
def behind_tls(site: Site) -> Iterator[httpx.Client]:
    """A client of an installation with another host name, whose proxy terminates TLS."""
    hosts = "console.example.com,127.0.0.1"
    with site.uvicorn(ALLOWED_HOSTS=hosts) as server:
        headers = {"Host": "console.example.com", "X-Forwarded-Proto": "https"}
        with httpx.Client(base_url=server.origin, headers=headers) as client:
            yield client


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_a_policy_without_unsafe_words(server: Server, path: str) -> None:
    for user in ("admin", ""):
        policy = server.client(user).get(path).headers["Content-Security-Policy"]
        directives = dict(one.partition(" ")[::2] for one in policy.split("; "))
        assert directives["default-src"] == "'none'"
        assert directives["frame-ancestors"] == "'none'"
        assert directives["base-uri"] == "'none'"
        assert directives["form-action"] == "'self'"
        assert "unsafe" not in policy
        assert "*" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_no_answer_may_be_framed_guessed_or_named_to_other_sites(server: Server, path: str) -> None:
    headers = server.client().get(path).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_nonce_is_another_one_in_each_answer(server: Server) -> None:
    policies = {server.client().get("/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_answers_without_scripts_allow_none(server: Server) -> None:
    policy = server.client().get("/hitl/apvs").headers["Content-Security-Policy"]
    assert "script-src" in policy.split("; ")


def test_behind_tls_browsers_are_held_to_it(behind_tls: httpx.Client) -> None:
    answer = behind_tls.get("/sign-in")
    assert answer.headers["Strict-Transport-Security"] == (
        "max-age=31536000; includeSubDomains; preload"
    )
    plain = behind_tls.get("/sign-in", headers={"X-Forwarded-Proto": "http"})
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://console.example.com/sign-in"


def test_behind_tls_cookies_never_travel_without_it(behind_tls: httpx.Client) -> None:
    page = behind_tls.get("/sign-in")
    token = page.cookies["csrftoken"]
    form = {"username": "reviewer", "password": PASSWORD, "csrfmiddlewaretoken": token}
    headers = {"Cookie": f"csrftoken={token}", "Referer": "https://console.example.com/sign-in"}
    answer = behind_tls.post("/sign-in", data=form, headers=headers)
    cookies = [*page.headers.get_list("Set-Cookie"), *answer.headers.get_list("Set-Cookie")]
    assert any(one.startswith("hitl_session=") and "HttpOnly" in one for one in cookies)
    assert all("Secure" in one and "SameSite=Lax" in one for one in cookies)


def test_without_tls_nothing_is_said_of_it(server: Server) -> None:
    assert "Strict-Transport-Security" not in server.client().get("/").headers


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/sign-in", "/queue", "/numbers", "/decisions.csv", "/hitl/apvs", "/hitl/reviews"),
        *("/hitl/decisions", "/hitl/reviews/stats", "/hitl/schema", "/hitl/docs", "/admin/"),
        *("/admin/auth/user/", "/nowhere", "/hitl/nowhere", "/hitl/metrics"),
    ],
)
@pytest.mark.parametrize("user", ["", "admin"])
def test_no_cache_keeps_what_depends_on_who_asks(server: Server, path: str, user: str) -> None:
    answer = server.client(user).get(path)
    assert "no-store" in answer.headers["Cache-Control"], answer.headers
    assert "public" not in answer.headers["Cache-Control"]
