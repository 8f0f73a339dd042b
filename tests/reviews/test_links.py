"""Addresses from pipelines: where they lead, and to which pull request."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from reviews import links
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv

UNFIT = [
    "https://github.com@evil.example/shop/pull/7",
    "https://github.com:443@evil.example/shop/pull/7",
    "https://@evil.example/shop/pull/7",
    "https://github.com\\@evil.example/shop/pull/7",
    "https://evil.example\\github.com/shop/pull/7",
    "https://github.com%2fevil.example/shop/pull/7",
    "https://github%2ecom/shop/pull/7",
    "https:///evil.example/shop/pull/7",
    "https://?x/pull/7",
    "https://github.com:port/shop/pull/7",
    "https://github.com:99999999/shop/pull/7",
    "https://github..com/shop/pull/7",
    "https://3232235777.1/shop/pull/7",
    "https://0x7f000001/shop/pull/7",
    "https://127.1/shop/pull/7",
    "https://[::1/shop/pull/7",
    "https://[v1.x]/shop/pull/7",
    "https://[fe80::1%25eth0]/shop/pull/7",
    "https://git.example.com/shop/pull/7/../8",
    "https://git.example.com/shop/pull/7/%2E%2e/8",
    "https://git.example.com/shop/pull/\x7f7",
    "https://git.example.com/shop/pull/7\u2028",
    "https://xn--a\u0301\u0301.--/pull/7",
]


@pytest.mark.parametrize("address", UNFIT)
def test_address_that_could_be_misread_is_no_link(address: str) -> None:
    with pytest.raises(ValidationError):
        links.read(address)


@pytest.mark.parametrize("field", ["pr_url", "wargame_run_url"])
@pytest.mark.parametrize("address", UNFIT[:3])
def test_it_is_refused_over_rest(server: Server, field: str, address: str) -> None:
    answer = server.post("/hitl/apvs", apv(**{field: address}), user="pipeline")
    assert_problem(answer, 400, field)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://github.com/shop/cart/pull/7", "github.com"),
        ("https://GitHub.com/shop/cart/pull/7", "github.com"),
        ("https://gіthub.com/shop/cart/pull/7", "xn--gthub-n4a.com"),
        ("https://github。com/shop/cart/pull/7", "github.com"),
        ("https://ｇithub.com/shop/cart/pull/7", "github.com"),
        ("https://bücher.example/7", "xn--bcher-kva.example"),
        ("http://git:3000/shop/pulls/7", "git"),
        ("http://192.0.2.7/shop/pulls/7", "192.0.2.7"),
        ("http://[2001:db8::7]:8080/shop/pulls/7", "[2001:db8::7]"),
    ],
)
def test_host_is_the_one_that_is_looked_up(address: str, host: str) -> None:
    found = links.read(address).host
    if "xn--gthub" in host:  # a letter of another alphabet shows
        assert re.fullmatch(r"xn--gthub-\w+\.com", found)
    else:
        assert found == host


NUMBERS = [
    ("https://github.com/shop/cart/pull/8", {8}),
    ("https://github.com/shop/cart/pull/8/files#diff-7", {8}),
    ("https://github.com/shop/cart/pull/8.diff", {8}),
    ("https://github.com/shop/cart/pull/0000000000000000000008", {8}),
    (f"https://github.com/shop/cart/pull/{'0' * 1900}8", {8}),
    ("https://github.com/shop/cart/pull/99999999999999999999", {99999999999999999999}),
    ("https://git.example.com/shop/0000000000000000000008/", {8}),
    ("https://git.example.com/shop/pull/+8/files", {8}),
    ("https://git.example.com/shop/merge-requests/8/diffs", {8}),
    ("https://gerrit.example.com/#/c/8/", {8}),
    ("https://github.com/pull/7/pull/8", {7, 8}),
    ("https://gitlab.com/shop/cart/-/merge_requests/8/diffs?page=7", {8}),
    ("https://git.example.com/shop/cart/pulls/8", {8}),
    ("https://bitbucket.org/shop/cart/pull-requests/8", {8}),
    ("https://dev.azure.com/shop/_git/cart/pullrequest/8", {8}),
    ("https://review.example.com/c/cart/+/8/2", {8}),
    ("https://git.example.com/changes/8", {8}),
    ("https://git.example.com/changes/8/", {8}),
    ("https://github.com/shop/cart/pull/%38", {8}),
    ("https://github.com/shop/cart", set()),
    ("https://git.example.com/changes/v8", set()),
]


@pytest.mark.parametrize(("address", "numbers"), NUMBERS)
def test_number_is_read_from_the_address(address: str, numbers: set[int]) -> None:
    assert links.numbers_in(address) == numbers


@pytest.mark.parametrize("address", [address for address, numbers in NUMBERS if numbers])
def test_address_of_another_pull_request_is_refused(server: Server, address: str) -> None:
    answer = server.post("/hitl/apvs", apv(pr_number=6, pr_url=address), user="pipeline")
    problem = assert_problem(answer, 400, "pr_url")
    assert "not 6." in problem["errors"]["pr_url"][0]


def test_address_without_a_number_and_a_number_without_an_address_are_taken(server: Server) -> None:
    assert server.add_apv(pr_number=6, pr_url="https://github.com/shop/cart")
    assert server.add_apv(pr_number=6, pr_url="")
    assert server.add_apv(pr_number=None, pr_url="https://github.com/shop/cart/pull/8")


def page_of(server: Server, added: dict[str, Any]) -> str:
    return server.client().get(f"/apvs/{added['apv_code']}").text


def test_host_stands_beside_each_link(server: Server) -> None:
    run = "https://ci.example.org/runs/1"
    page = page_of(server, server.add_apv(wargame_run_url=run))
    assert page.count('<small class="host">git.example.com</small>') == 2
    assert page.count('<small class="host">ci.example.org</small>') == 2


@pytest.mark.parametrize(
    "address", ["https://git.example.com@evil.example/7", "https://git.example.com/shop/pull/8"]
)
def test_address_that_was_stored_before_the_checks_is_shown_and_not_linked(
    server: Server, site: Site, address: str
) -> None:
    added = server.add_apv()
    sql = "UPDATE reviews_apv SET pr_url = %s, wargame_run_url = '' WHERE apv_id = %s"
    site.execute(sql, address, added["apv_id"])
    page = page_of(server, added)
    assert f'href="{address}"' not in page
    assert page.count('class="unlinked"') == 2
    assert "Write the address without a user name" in page or "of pull request 8, not 7" in page


def test_admin_shows_the_host_and_links_nothing_unfit(server: Server, site: Site) -> None:
    added = server.add_apv()
    path = f"/admin/reviews/apv/{added['apv_id']}/change/"
    assert '<small class="host">git.example.com</small>' in server.client("admin").get(path).text
    sql = "UPDATE reviews_apv SET pr_url = %s WHERE apv_id = %s"
    site.execute(sql, "https://git.example.com@evil.example/7", added["apv_id"])
    assert 'class="unlinked"' in server.client("admin").get(path).text
