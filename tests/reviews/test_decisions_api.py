"""Deciding over REST, against a running server."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv, decision


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


def test_decision_is_answered_with_its_record(server: Server) -> None:
    added = server.add_apv()
    record = server.decide(added["apv_id"], confidence=0.9).json()
    assert list(record) == [
        "decision_id",
        "apv_id",
        "apv_code",
        "decision",
        "justification",
        "confidence",
        "modifications",
        "reviewer_name",
        "reviewer_email",
        "cve_id",
        "severity",
        "patch_strategy",
        "wargame_verdict",
        "action_taken",
        "outcome_notes",
        "decided_at",
        "action_completed_at",
        "confidence_stated",
        "apv_version",
        "diff_sha256",
        "by_submitter",
        "revision",
        "head_commit",
        "effect",
        "retraction",
        "escalate_to_user",
        "escalate_to_group",
    ]
    assert record["apv_version"] == added["version"]
    assert record["diff_sha256"] == hashlib.sha256(added["patch_diff"].encode()).hexdigest()
    assert record["by_submitter"] is False
    assert record["reviewer_name"] == "Rita Reviewer"
    assert record["reviewer_email"] == "reviewer@example.com"
    assert record["confidence"] == 0.9
    after = server.client().get(f"/hitl/reviews/{added['apv_id']}").json()
    assert (after["status"], after["version"]) == ("approved", added["version"] + 1)
    history = server.client().get(f"/hitl/decisions/history/{added['apv_id']}").json()
    assert history["decisions"] == [record]
    assert server.client().get(f"/hitl/decisions/{record['decision_id']}").json() == record


def test_fifty_reviewers_at_once_make_one_decision_and_one_event(
    server: Server, site: Site
) -> None:
    added = server.add_apv()
    cookies, headers = server.client().cookies, server.client().headers

    def attempt(number: int) -> httpx.Response:
        with httpx.Client(cookies=cookies, headers=headers, timeout=60) as client:
            kind = ["approve", "reject", "escalate"][number % 3]
            body = decision(added["apv_id"], decision=kind)
            return client.post(f"{server.origin}/hitl/decisions", json=body)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(attempt, range(50)))
    won = next(one for one in answers if one.status_code == 200).json()
    statuses = Counter(one.status_code for one in answers)
    if won["decision"] == "escalate":  # a lead may still decide, a reviewer may not
        assert statuses[200] == 1
        assert statuses[409] + statuses[403] == 49
    else:
        assert statuses == {200: 1, 409: 49}
    for one in answers:
        if one.status_code == 409:
            problem = assert_problem(one, 409)
            assert problem["decision"]["decision_id"] == won["decision_id"]
    told = site.rows(
        "SELECT 1 FROM realtime_event WHERE type = 'decision_made' AND message LIKE %s",
        f"%{added['apv_id']}%",
    )
    assert len(told) == 1


def test_second_decision_is_refused_with_the_one_that_stands(server: Server) -> None:
    added = server.add_apv()
    first = server.decide(added["apv_id"], decision="reject").json()
    problem = assert_problem(server.decide(added["apv_id"], user="lead"), 409)
    assert problem["decision"] == first
    assert "Rita Reviewer" in problem["detail"]


def test_confidence_that_nobody_stated_reads_as_1_and_says_so(server: Server) -> None:
    silent = server.decide(server.add_apv()["apv_id"]).json()
    assert (silent["confidence"], silent["confidence_stated"]) == (1.0, False)
    certain = server.decide(server.add_apv()["apv_id"], confidence=1.0).json()
    assert (certain["confidence"], certain["confidence_stated"]) == (1.0, True)


def test_apv_without_pull_request_is_dismissed_with_a_reason(server: Server) -> None:
    without = server.add_apv(pr_number=None, pr_url="")
    assert_problem(server.decide(without["apv_id"], decision="dismiss", justification="no"), 400)
    record = server.decide(without["apv_id"], decision="dismiss").json()
    assert (record["decision"], record["action_taken"]) == ("dismiss", "dismissed")
    after = server.client().get(f"/hitl/reviews/{without['apv_id']}").json()
    assert after["status"] == "dismissed"
    stats = server.client().get("/hitl/reviews/stats").json()
    assert stats["dismissed_count"] >= 1
    found = server.client().get("/hitl/decisions", params={"decision": "dismiss"}).json()
    assert without["apv_id"] in [one["apv_id"] for one in found["decisions"]]


def test_apv_with_a_pull_request_is_rejected_not_dismissed(server: Server) -> None:
    answer = server.decide(server.add_apv()["apv_id"], decision="dismiss")
    problem = assert_problem(answer, 400, "decision")
    assert "reject it, which closes that" in problem["errors"]["decision"][0]


def test_unknown_apv_is_a_404(server: Server) -> None:
    assert_problem(server.decide(str(uuid4())), 404)
    for path in ("apvs", "reviews", "decisions", "decisions/history"):
        assert_problem(server.client().get(f"/hitl/{path}/{uuid4()}"), 404)


def test_decision_on_another_version_is_refused_with_the_current_one(server: Server) -> None:
    added = server.add_apv()
    problem = assert_problem(server.decide(added["apv_id"], version=2), 409)
    assert problem["version"] == 1
    assert server.decide(added["apv_id"], version=1).status_code == 200


def test_escalated_apv_is_decided_by_leads_only(server: Server) -> None:
    added = server.add_apv()
    assert server.decide(added["apv_id"], decision="escalate").status_code == 200
    assert_problem(server.decide(added["apv_id"]), 403)
    assert_problem(server.decide(added["apv_id"], decision="escalate", user="lead"), 409)
    assert server.decide(added["apv_id"], user="lead").status_code == 200


INVALID = [
    ({"justification": "          "}, "justification"),
    ({"justification": "too short"}, "justification"),
    ({"justification": "  padded   "}, "justification"),
    ({"justification": "x" * 5001}, "justification"),
    ({"justification": "NUL \0 in the middle"}, "justification"),
    ({"justification": "half a pair \ud800 here"}, "justification"),
    ({"justification": None}, "justification"),
    ({"confidence": 1.2}, "confidence"),
    ({"confidence": -0.1}, "confidence"),
    ({"confidence": "NaN"}, "confidence"),
    ({"confidence": "inf"}, "confidence"),
    ({"confidence": 10**400}, "confidence"),
    ({"confidence": True}, "confidence"),
    ({"decision": "perhaps"}, "decision"),
    ({"decision": ["approve"]}, "decision"),
    ({"decision": "modify"}, "modifications"),
    ({"decision": "modify", "modifications": {}}, "modifications"),
    ({"decision": "modify", "modifications": ["a"]}, "modifications"),
    ({"decision": "modify", "modifications": {"a": "\0"}}, "modifications"),
    ({"decision": "modify", "modifications": {"\0": 1}}, "modifications"),
    ({"decision": "modify", "modifications": {"a": "\ud800"}}, "modifications"),
    ({"version": 0}, "version"),
    ({"version": 2**40}, "version"),
    ({"apv_id": "not-a-uuid"}, "apv_id"),
    ({"apv_id": {"a": 1}}, "apv_id"),
    ({"reviewer_email": "nobody"}, "reviewer_email"),
]


@pytest.mark.parametrize(("fields", "named"), INVALID, ids=lambda one: str(one)[:60])
def test_invalid_decision_names_the_field_and_changes_nothing(
    server: Server, site: Site, fields: dict[str, Any], named: str
) -> None:
    import json

    added = server.add_apv()
    tops = site.rows("SELECT channel, top FROM realtime_counter ORDER BY channel")
    body = json.dumps(decision(added["apv_id"]) | fields)
    headers = {"Content-Type": "application/json"}
    answer = server.client().post("/hitl/decisions", content=body, headers=headers)
    assert_problem(answer, 400, named)
    assert site.rows("SELECT channel, top FROM realtime_counter ORDER BY channel") == tops
    after = server.client().get(f"/hitl/apvs/{added['apv_id']}").json()
    assert (after["status"], after["version"]) == ("pending", 1)


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_approve_and_reject_need_a_pull_request(server: Server, kind: str) -> None:
    added = server.add_apv(pr_number=None)
    assert_problem(server.decide(added["apv_id"], decision=kind), 400, "decision")
    assert server.decide(added["apv_id"], decision="escalate").status_code == 200


def test_name_in_the_body_counts_only_on_behalf(server: Server, site: Site) -> None:
    other = {"reviewer_name": "Someone Else", "reviewer_email": "else@example.com"}
    own = server.decide(server.add_apv()["apv_id"], **other).json()
    assert own["reviewer_name"] == "Rita Reviewer"
    on_behalf = server.decide(server.add_apv()["apv_id"], user="admin", **other).json()
    assert on_behalf["reviewer_name"] == "Someone Else"
    assert on_behalf["reviewer_email"] == "else@example.com"


def test_pipelines_and_strangers_may_not_decide(server: Server) -> None:
    added = server.add_apv()
    assert_problem(server.decide(added["apv_id"], user="pipeline"), 403)
    stranger = httpx.post(f"{server.origin}/hitl/decisions", json=decision(added["apv_id"]))
    assert_problem(stranger, 401)


def test_session_without_its_csrf_token_may_not_write(server: Server) -> None:
    added = server.add_apv()
    with httpx.Client(base_url=server.origin, cookies=server.client().cookies) as client:
        assert_problem(client.post("/hitl/decisions", json=decision(added["apv_id"])), 403)


def test_same_key_and_body_gives_the_first_answer(server: Server) -> None:
    added = server.add_apv()
    key = {"Idempotency-Key": str(uuid4())}
    first = server.post("/hitl/decisions", decision(added["apv_id"]), **key)
    again = server.post("/hitl/decisions", decision(added["apv_id"]), **key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_same_key_with_another_body_is_refused(server: Server) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    assert server.post("/hitl/apvs", apv(), user="pipeline", **key).status_code == 201
    another = server.post("/hitl/apvs", apv(severity="LOW"), user="pipeline", **key)
    assert_problem(another, 422)


def test_same_key_at_once_writes_once(server: Server, site: Site) -> None:
    key, name = str(uuid4()), str(uuid4())
    client = server.client("pipeline")

    def attempt(_: int) -> httpx.Response:
        with httpx.Client(cookies=client.cookies, headers=client.headers, timeout=60) as own:
            return own.post(
                f"{server.origin}/hitl/apvs",
                json=apv(package_name=name),
                headers={"Idempotency-Key": key},
            )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["apv_id"] for one in answers}) == 1
    assert len({one.headers["Location"] for one in answers}) == 1
    assert site.rows("SELECT count(*) FROM reviews_apv WHERE package_name = %s", name) == [(1,)]


def test_key_of_a_refused_request_stays_free(server: Server) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    refused = server.post("/hitl/apvs", apv(severity="HUGE"), user="pipeline", **key)
    assert_problem(refused, 400, "severity")
    assert server.post("/hitl/apvs", apv(), user="pipeline", **key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_unusable_key_is_refused(server: Server, key: str) -> None:
    answer = server.post("/hitl/apvs", apv(), user="pipeline", **{"Idempotency-Key": key})
    assert_problem(answer, 400, "Idempotency-Key")
