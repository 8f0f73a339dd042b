"""Guessing passwords, at each interface that asks for one."""

from collections.abc import Iterator

import pytest

from tests.support.passwords import DOORS, FORMS, LIMIT, knock, let_in, lock
from tests.support.people import new_user
from tests.support.problems import assert_problem
from tests.support.site import PASSWORD, Server, Site
from tests.support.waiting import wait_for


@pytest.mark.parametrize("door", DOORS)
def test_after_five_wrong_passwords_the_right_one_opens_no_door(
    server: Server, site: Site, door: str
) -> None:
    user = new_user(site)
    assert lock(server, door, user).status_code == 429
    for any_door in DOORS:
        answer = knock(server, any_door, user, PASSWORD)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"
        assert not let_in(answer)


def test_lock_is_told_in_a_page_and_in_a_problem_document(server: Server, site: Site) -> None:
    user = new_user(site)
    lock(server, "console", user)
    for door in FORMS:
        page = knock(server, door, user, PASSWORD).text
        assert "<h1>Sign-in is locked for a while</h1>" in page
        assert "Try again in 15 minutes" in page
    problem = assert_problem(knock(server, "token", user, PASSWORD), 429)
    assert problem["detail"] == "Too many wrong passwords. Try again in 15 minutes."


def test_others_sign_in_from_the_same_address(server: Server, site: Site) -> None:
    lock(server, "token", new_user(site))
    other = new_user(site)
    for door in ("console", "token"):
        assert let_in(knock(server, door, other, PASSWORD))


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"])
def test_lock_is_not_escaped_by_naming_another_address(
    server: Server, site: Site, name: str
) -> None:
    user = new_user(site)
    for number in range(LIMIT):
        knock(server, "token", user, "wrong", {name: f"192.0.2.{number}"})
    answer = knock(server, "token", user, PASSWORD, {name: "198.51.100.7"})
    assert answer.status_code == 429


def test_address_that_a_trusted_proxy_names_counts(site: Site) -> None:
    user = new_user(site)
    with site.uvicorn(HITL_TRUSTED_PROXIES="127.0.0.1") as server:
        for number in range(LIMIT):  # the client's own value comes before what the proxy adds
            knock(server, "token", user, "wrong", {"X-Forwarded-For": f"{number}, 192.0.2.1"})
        there = {"X-Forwarded-For": "9, 192.0.2.1"}
        elsewhere = {"X-Forwarded-For": "192.0.2.2"}
        assert knock(server, "token", user, PASSWORD, there).status_code == 429
        assert let_in(knock(server, "token", user, PASSWORD, elsewhere))


def test_right_password_in_time_forgives_the_wrong_ones(server: Server, site: Site) -> None:
    user = new_user(site)
    for door in ("console", "token"):
        for _ in range(LIMIT - 1):
            knock(server, door, user, "wrong")
        assert let_in(knock(server, door, user, PASSWORD))
    assert not let_in(knock(server, "token", user, "wrong"))
    assert let_in(knock(server, "token", user, PASSWORD))


def test_lock_ends_by_itself(server: Server, site: Site) -> None:
    user = new_user(site)
    lock(server, "token", user)
    sql = "UPDATE axes_accessattempt SET attempt_time = now() - interval '15 min 1 s'"
    site.execute(f"{sql} WHERE username = %s", user)
    wait_for(lambda: let_in(knock(server, "token", user, PASSWORD)), "the lock to end")


def test_what_was_typed_is_kept_nowhere(server: Server, site: Site) -> None:
    user = new_user(site)
    for door in DOORS:
        knock(server, door, user, "typed-by-mistake")
    kept = str(site.rows("SELECT * FROM axes_accessattempt WHERE username = %s", user))
    assert user in kept
    assert "typed-by-mistake" not in kept
    assert "typed-by-mistake" not in server.printed()


# -- Guesses from many addresses --------------------------------------------------------------


@pytest.fixture(scope="module")
def proxied(site: Site) -> Iterator[Server]:
    """A server that allows six wrong passwords for a name, with addresses from a proxy."""
    with site.uvicorn(
        HITL_SIGN_IN_FAILURES_PER_NAME="6", HITL_TRUSTED_PROXIES="127.0.0.1"
    ) as server:
        yield server


def test_name_guessed_from_many_addresses_opens_only_from_those_its_user_used(
    proxied: Server, site: Site
) -> None:
    def at(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"198.51.100.{number}"}

    user = new_user(site)
    assert let_in(knock(proxied, "token", user, PASSWORD, at(1)))
    for number in range(2, 8):
        knock(proxied, "token", user, "wrong", at(number))
    for door in DOORS:
        assert knock(proxied, door, user, PASSWORD, at(99)).status_code == 429
    assert let_in(knock(proxied, "token", user, PASSWORD, at(1)))
    assert let_in(knock(proxied, "console", user, PASSWORD, at(1)))
    assert let_in(knock(proxied, "token", new_user(site), PASSWORD, at(99)))


def test_such_a_name_opens_everywhere_again_after_a_while(proxied: Server, site: Site) -> None:
    user = new_user(site)
    for number in range(6):
        knock(proxied, "token", user, "wrong", {"X-Forwarded-For": f"203.0.113.{number}"})
    there = {"X-Forwarded-For": "203.0.113.99"}
    assert knock(proxied, "token", user, PASSWORD, there).status_code == 429
    sql = "UPDATE axes_accessattempt SET attempt_time = now() - interval '15 min 1 s'"
    site.execute(f"{sql} WHERE username = %s", user)
    assert let_in(knock(proxied, "token", user, PASSWORD, there))
