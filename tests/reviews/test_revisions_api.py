"""Evidence that pipelines add over REST, and the revisions that it makes."""

from typing import Any

import pytest

from tests.support.problems import assert_problem
from tests.support.site import DIFF, Server, Site, apv

OTHER = DIFF.replace("2.31.0", "2.32.0")


def patch(server: Server, apv: dict[str, Any], body: Any, **headers: str) -> Any:
    client = server.client("pipeline")
    return client.patch(f"/hitl/apvs/{apv['apv_id']}", json=body, headers=headers)


def read(server: Server, apv: dict[str, Any]) -> Any:
    return server.client().get(f"/hitl/apvs/{apv['apv_id']}")


def modify(server: Server, apv: dict[str, Any]) -> Any:
    pin = {"pin": "exactly"}
    return server.decide(apv["apv_id"], decision="modify", modifications=pin)


def test_apv_without_a_pull_request_shows_nothing_of_one(server: Server) -> None:
    added = server.add_apv()
    shown = {name: added[name] for name in ("repository", "author", "labels", "checks", "changes")}
    assert shown == {"repository": None, "author": None, "labels": [], "checks": [], "changes": []}
    assert (added["revision"], added["head_commit"]) == (1, "")
    assert (added["pull_request_state"], added["withdrawn"]) == (None, None)


def test_new_evidence_makes_the_next_revision_and_the_apv_pending(
    server: Server, site: Site
) -> None:
    added = server.add_apv()
    modify(server, added)
    answer = patch(server, added, {"version": 2, "wargame_verdict": "failure"})
    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert (now["revision"], now["status"], now["version"]) == (2, "pending", 3)
    assert now["wargame_verdict"] == "failure"
    assert now["patch_diff"] == DIFF
    sql = "SELECT number, reason, same_patch, evidence->>'wargame_verdict' FROM reviews_revision"
    rows = site.rows(f"{sql} WHERE apv_id = %s ORDER BY number", added["apv_id"])
    assert rows == [(1, "opened", False, "success"), (2, "evidence", True, "failure")]
    record = server.decide(added["apv_id"]).json()
    assert (record["revision"], record["decision"]) == (2, "approve")
    history = server.client().get(f"/hitl/decisions/history/{added['apv_id']}").json()
    assert [one["revision"] for one in history["decisions"]] == [2, 1]


def test_second_attempt_brings_another_patch_without_the_evidence_of_the_first(
    server: Server,
) -> None:
    added = server.add_apv()
    modify(server, added)
    change = {
        "package": "requests",
        "ecosystem": "PyPI",
        "from": "2.30.0",
        "to": "2.32.0",
        "direct": True,
        "file": "requirements.txt",
    }
    body = {"version": 2, "patch_diff": OTHER, "head_commit": "abcdef1", "changes": [change]}
    now = patch(server, added, body).json()
    assert (now["revision"], now["status"]) == (2, "pending")
    assert (now["patch_diff"], now["head_commit"], now["changes"]) == (OTHER, "abcdef1", [change])
    assert (now["wargame_verdict"], now["validation_passed"]) == (None, False)
    assert now["confirmed"] is True


def test_equal_evidence_changes_nothing(server: Server) -> None:
    added = server.add_apv()
    now = patch(server, added, {"version": 1, "wargame_verdict": "success"}).json()
    assert (now["version"], now["revision"]) == (1, 1)


def test_odds_of_an_exploit_are_changed_without_a_revision(server: Server) -> None:
    added = server.add_apv(epss=0.02)
    assert (added["epss"], added["known_exploited"]) == (0.02, None)
    body = {"version": 1, "epss": 0.31, "known_exploited": True}
    answer = patch(server, added, body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["epss"], found["known_exploited"]) == (0.31, True)
    assert (found["revision"], found["version"]) == (1, 2)
    both = {"version": 2, "epss": 0.5, "confirmation_confidence": 0.4}
    further = patch(server, found, both).json()
    assert (further["revision"], further["epss"]) == (2, 0.5)


@pytest.mark.parametrize("value", [-0.1, 1.1, "NaN", "high", True])
def test_odds_of_an_exploit_are_from_0_to_1(server: Server, value: Any) -> None:
    answer = server.post("/hitl/apvs", apv(epss=value), user="pipeline")
    assert_problem(answer, 400, "epss")


def test_version_must_be_named_and_current(server: Server) -> None:
    added = server.add_apv()
    body = {"wargame_verdict": "partial"}
    tag = read(server, added).headers["ETag"]
    assert tag == '"1"'
    assert patch(server, added, body).status_code == 428
    assert patch(server, added, {**body, "version": 9}).status_code == 409
    assert patch(server, added, body, **{"If-Match": '"9"'}).status_code == 412
    for bad in ("*", "1", 'W/"1"', '"0"', ""):
        refused = patch(server, added, body, **{"If-Match": bad})
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == ["If-Match"]
    both = patch(server, added, {**body, "version": 2}, **{"If-Match": tag})
    assert list(both.json()["errors"]) == ["version"]
    answer = patch(server, added, body, **{"If-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'


@pytest.mark.parametrize("name", ["status", "severity", "apv_id", "revision", "nonsense", "pr_url"])
def test_what_is_no_evidence_is_refused_by_name(server: Server, name: str) -> None:
    added = server.add_apv()
    refused = patch(server, added, {"version": 1, name: "approved", "confirmed": False})
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [name]
    assert read(server, added).json()["version"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"wargame_verdict": "won"}, "wargame_verdict"),
        ({"patch_confidence": 1.5}, "patch_confidence"),
        ({"head_commit": "not a commit"}, "head_commit"),
        ({"patch_diff": "x" * (2**20 + 1)}, "patch_diff"),
        ({"changes": [{"package": "x"}]}, "changes[0].ecosystem"),
        ({"changes": [{}] * 1001}, "changes"),
        ({"changes": {"package": "x"}}, "changes"),
        ({"validation_warnings": ["x" * 2001]}, "validation_warnings[0]"),
    ],
)
def test_bad_evidence_is_refused_by_name(server: Server, body: Any, field: str) -> None:
    refused = patch(server, server.add_apv(), {"version": 1, **body})
    assert refused.status_code == 400
    assert field in refused.json()["errors"]


def test_rejected_apv_stays_rejected_with_new_evidence(server: Server) -> None:
    added = server.add_apv()
    server.decide(added["apv_id"], decision="reject")
    now = patch(server, added, {"version": 2, "confirmed": False}).json()
    assert (now["revision"], now["status"]) == (2, "rejected")


def test_one_who_may_only_read_may_not_change(server: Server) -> None:
    added = server.add_apv()
    path = f"/hitl/apvs/{added['apv_id']}"
    assert server.client().patch(path, json={"version": 1, "confirmed": False}).status_code == 403


def test_unknown_apv_is_a_404(server: Server) -> None:
    nobody = {"apv_id": "00000000-0000-4000-8000-000000000000"}
    assert patch(server, nobody, {"version": 1, "confirmed": False}).status_code == 404


async def test_changes_are_told_to_those_who_ask_and_to_nobody_else(server: Server) -> None:
    added = server.add_apv()
    async with server.socket() as asked, server.socket() as old:
        before = await asked.subscribe("changes")
        await old.subscribe("apvs", "decisions", "stats")
        now = patch(server, added, {"version": 1, "wargame_verdict": "failure"}).json()
        event = await asked.receive()
        del event["timestamp"]
        assert event == {
            "type": "apv_changed",
            "channel": "changes",
            "offset": before["positions"]["changes"]["offset"] + 1,
            "apv_id": added["apv_id"],
            "apv_code": added["apv_code"],
            "status": "pending",
            "version": now["version"],
            "revision": 2,
            "what": "evidence",
        }
        assert {one["type"] for one in await old.heard_before_pong()} <= {"stats_update"}
