"""Many passwords at once: sign-ins wait for each other, and delay nothing else."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx
import pytest

from accounts.networks import network_of
from tests.support.passwords import DOORS, knock, let_in
from tests.support.people import new_user
from tests.support.problems import assert_problem
from tests.support.site import PASSWORD, Server, Site, Start

FLOOD = 30
MOST = 4


def test_flood_of_passwords_holds_up_nobody_who_is_signed_in(start: Start, site: Site) -> None:
    """Each attempt names another user, so no lock stops it; more wait than there are slots."""
    product = {"DJANGO_SETTINGS_MODULE": "hitl_project.settings"}  # where a password takes its time
    with start(**product) as server, ThreadPoolExecutor(FLOOD) as crowd:
        reader = server.client(new_user(site))  # its hash is renewed, which ends its other sessions
        tries = [crowd.submit(guess, server, f"nobody-{number}") for number in range(FLOOD)]
        wait(tries[:1], return_when="FIRST_COMPLETED")
        answers = [reader.get("/hitl/reviews?limit=1").status_code for _ in range(10)]
        unanswered = sum(not one.done() for one in tries)
    assert set(answers) == {200}
    assert unanswered > FLOOD / 3, "reading waited for the passwords"
    assert {one.result() for one in tries} <= {401, 503}


def guess(server: Server, user: str) -> int:
    form = {"username": user, "password": "wrong"}
    return httpx.post(f"{server.origin}/hitl/token", json=form, timeout=60).status_code


@pytest.fixture(params=DOORS)
def door(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def strict(site: Site) -> Iterator[Server]:
    """A server that accepts few passwords, with addresses from a proxy."""
    with site.uvicorn(HITL_SIGN_INS_PER_MINUTE=str(MOST), HITL_TRUSTED_PROXIES="127.0.0.1") as one:
        yield one


Address = Callable[[], dict[str, str]]


@pytest.fixture
def address() -> Address:
    """Return headers that name an address which no other test uses."""
    return lambda: {"X-Forwarded-For": f"192.0.2.{next(_numbers)}"}


_numbers = iter(range(1, 250))


def test_address_sends_few_passwords_and_others_go_on(
    strict: Server, door: str, address: Address
) -> None:
    here, user = address(), "admin"
    for number in range(MOST):
        assert knock(strict, door, f"nobody-{number}", "wrong", here).status_code in {200, 401}
    refused = knock(strict, door, user, PASSWORD, here)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert not let_in(refused)
    assert let_in(knock(strict, door, user, PASSWORD, address()))


def test_refusal_is_told_in_a_page_and_in_a_problem_document(
    strict: Server, address: Address
) -> None:
    here = address()
    for _ in range(MOST):
        knock(strict, "token", "nobody", "wrong", here)
    problem = assert_problem(knock(strict, "token", "nobody", "wrong", here), 429)
    assert problem["detail"] == "Too many passwords came from here. Try again in a moment."
    page = knock(strict, "console", "nobody", "wrong", here).text
    assert "Too many passwords came from here. Try again in a moment." in page


def test_spellings_of_a_path_share_the_limit(strict: Server, address: Address) -> None:
    here = address()
    form = {"username": "nobody", "password": "wrong"}
    seen = []
    for path in ["/hitl/token", "/hitl/token/", "/hitl/token//", "/hitl/%74oken", "/hitl/token"]:
        answer = httpx.post(f"{strict.origin}{path}", json=form, headers=here, timeout=60)
        seen.append(answer.status_code)
    assert seen == [401, 401, 401, 401, 429]


def test_reading_the_form_counts_nothing(strict: Server, site: Site, address: Address) -> None:
    here, user = address(), new_user(site)
    for _ in range(3 * MOST):
        assert httpx.get(f"{strict.origin}/sign-in", headers=here).status_code == 200
    assert let_in(knock(strict, "console", user, PASSWORD, here))


def test_network_of_ipv6_counts_as_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("testclient") == "testclient"


def test_who_hangs_up_gives_the_turn_back(server: Server, site: Site) -> None:
    def leave() -> None:
        form = {"username": "nobody", "password": "wrong"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.origin}/hitl/token", json=form, timeout=httpx.Timeout(5, read=0.01)
            )

    leavers = [threading.Thread(target=leave) for _ in range(20)]
    for one in leavers:
        one.start()
    for one in leavers:
        one.join()
    assert let_in(knock(server, "token", new_user(site), PASSWORD))
