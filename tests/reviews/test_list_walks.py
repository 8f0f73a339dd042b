"""Paging through lists: each row comes once in every order, whatever changes meanwhile."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing

from reviews.orders import APV_KEYS, SALT
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv

ROWS = 17
LISTS = ["reviews", "apvs", "decisions"]
ORDERINGS = [sign + name for name in APV_KEYS for sign in ("", "-")]
Query = dict[str, Any]


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


@pytest.fixture(scope="module")
def alike(site: Site, uvicorn_server: Server) -> str:
    """APVs that only the last key of an order distinguishes, some without a score."""
    name = str(uuid4())
    scores = [None, 5.0, 5.0]
    bodies = [apv(package_name=name, cvss_score=scores[at % 3]) for at in range(ROWS)]
    added = uvicorn_server.post("/hitl/apvs", bodies, user="pipeline")
    assert added.status_code == 201
    site.execute(
        "UPDATE reviews_apv SET created_at = '2026-01-01Z', updated_at = '2026-01-01Z'"
        " WHERE package_name = %s",
        name,
    )
    return name


def walk(
    server: Server, name: str, query: Query, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[dict[str, Any]]:
    """Return the rows of a list, page by page, by cursors; run `meanwhile` between pages."""
    cursor = None
    while True:
        place: Query = {} if cursor is None else {"after": cursor}
        answer = server.client("admin").get(f"/hitl/{name}", params={**query, **place})
        assert answer.status_code == 200, answer.text
        yield from answer.json()[name]
        if (cursor := answer.json()["next"]) is None:
            return
        meanwhile()


def walk_by_skip(server: Server, name: str, query: Query) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = server.client("admin").get(f"/hitl/{name}", params={**query, "skip": len(rows)})
        if not (page := answer.json()[name]):
            return rows
        rows += page


def ids(rows: Any, key: str = "apv_id") -> list[str]:
    return [row[key] for row in rows]


@pytest.mark.parametrize("ordering", ["", *ORDERINGS])
def test_every_order_gives_each_of_rows_that_are_alike_once(
    server: Server, alike: str, ordering: str
) -> None:
    query = {"package_name": alike, "ordering": ordering, "limit": 5}
    by_skip = ids(walk_by_skip(server, "apvs", query))
    assert len(by_skip) == len(set(by_skip)) == ROWS
    assert ids(walk(server, "apvs", query)) == by_skip


def test_several_orders_at_once_are_walked_too(server: Server, alike: str) -> None:
    for first, second in permutations(["-cvss_score", "created_at", "-priority"], 2):
        query = {"package_name": alike, "ordering": f"{first},{second},{first}", "limit": 4}
        found = ids(walk(server, "apvs", query))
        assert len(found) == ROWS
        assert found == ids(walk_by_skip(server, "apvs", query))


@pytest.mark.parametrize("ordering", ["cvss_score", "-cvss_score"])
def test_unknown_scores_come_last_either_way(server: Server, alike: str, ordering: str) -> None:
    query = {"package_name": alike, "ordering": ordering, "limit": 4}
    known = [row["cvss_score"] is not None for row in walk(server, "apvs", query)]
    assert known == sorted(known, reverse=True)
    assert set(known) == {True, False}


def test_queue_is_walked_whole_while_it_is_decided_and_added_to(server: Server) -> None:
    name = str(uuid4())
    severities = ["CRITICAL", "HIGH", "HIGH", "LOW"]
    added = [server.add_apv(package_name=name, severity=severities[at % 4]) for at in range(16)]
    staying, leaving = added[::2], added[1::2]

    def change() -> None:
        server.decide(leaving.pop()["apv_id"])
        server.add_apv(package_name=name, severity="CRITICAL")

    seen = ids(walk(server, "reviews", {"package_name": name, "limit": 3}, change))
    assert len(seen) == len(set(seen))
    assert set(ids(staying)) <= set(seen)


def test_decisions_are_walked_whole_while_more_are_made(server: Server) -> None:
    name = str(uuid4())
    added = [server.add_apv(package_name=name) for _ in range(9)]
    made = [server.decide(one["apv_id"]).json()["decision_id"] for one in added[:6]]

    def change() -> None:
        server.decide(server.add_apv(package_name=name)["apv_id"])

    since = server.client("admin").get(f"/hitl/decisions/{made[0]}").json()["decided_at"]
    query = {"decided_after": since, "limit": 2}
    seen = ids(walk(server, "decisions", query, change), "decision_id")
    assert seen == made[::-1]


def test_decisions_of_one_apv_are_walked_too(server: Server) -> None:
    apv_id = server.add_apv()["apv_id"]
    server.decide(apv_id, decision="escalate")
    server.decide(apv_id, user="lead")
    path = f"/hitl/decisions/history/{apv_id}"
    first = server.client().get(path, params={"limit": 1}).json()
    second = server.client().get(path, params={"limit": 1, "after": first["next"]}).json()
    assert [one["decisions"][0]["decision"] for one in (first, second)] == ["approve", "escalate"]
    assert second["next"] is None


def test_last_page_has_no_cursor(server: Server, alike: str) -> None:
    for limit, more in ((ROWS - 1, True), (ROWS, False)):
        query: Query = {"package_name": alike, "limit": limit}
        answer = server.client().get("/hitl/reviews", params=query).json()
        assert (answer["next"] is not None, answer["total"]) == (more, ROWS)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "cursor",
    ["x", "\0", "é", "a:b:c", "1" * 2000, signing.dumps(["priority", []], salt=SALT)],
    ids=lambda text: ascii(text[:20]),
)
def test_text_that_is_no_cursor_names_the_parameter(server: Server, name: str, cursor: str) -> None:
    answer = server.client("admin").get(f"/hitl/{name}", params={"after": cursor})
    assert_problem(answer, 400, "after")


def test_cursor_of_another_list_or_order_is_refused(server: Server, alike: str) -> None:
    query: Query = {"package_name": alike, "limit": 1}
    cursor = server.client().get("/hitl/apvs", params=query).json()["next"]
    for path, other in (("decisions", ""), ("apvs", "created_at")):
        params: Query = {"after": cursor, **({"ordering": other} if other else {})}
        assert_problem(server.client().get(f"/hitl/{path}", params=params), 400, "after")


def test_place_that_is_given_twice_is_refused(server: Server, alike: str) -> None:
    query: Query = {"package_name": alike, "limit": 1}
    query["after"] = server.client().get("/hitl/reviews", params=query).json()["next"]
    for other in ("skip", "offset"):
        answer = server.client().get("/hitl/reviews", params={**query, other: 1})
        assert_problem(answer, 400, "after")


def test_list_leaves_out_what_may_be_long_and_the_apv_has_it(server: Server) -> None:
    name = str(uuid4())
    diff = "+" + "x" * 500_000
    long = {"affected_files": ["a" * 900] * 900, "validation_warnings": ["w" * 1900] * 190}
    whole = server.add_apv(package_name=name, patch_diff=diff, **long)
    answer = server.client().get("/hitl/apvs", params={"package_name": name})
    assert len(answer.content) < 5000
    line = answer.json()["apvs"][0]
    assert line.items() < whole.items()
    assert "patch_diff" not in line
    assert server.client().get(f"/hitl/apvs/{line['apv_id']}").json()["patch_diff"] == diff
