"""Adding and listing APVs over REST, against a running server."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


def post_text(server: Server, text: str | bytes, path: str = "/hitl/apvs") -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return server.client("pipeline").post(path, content=text, headers=headers)


def test_added_apv_is_answered_whole_with_its_location(server: Server) -> None:
    answer = server.post("/hitl/apvs", apv(), user="pipeline")
    assert answer.status_code == 201
    added = answer.json()
    assert apv().items() <= added.items()
    assert re.fullmatch(r"APV-\d{4}-\d{3,}", added["apv_code"])
    assert (added["status"], added["version"], added["priority"]) == ("pending", 1, 8)
    found = server.client("pipeline").get(answer.headers["Location"])
    assert found.json() == added
    read = server.client().get(f"/hitl/reviews/{added['apv_id']}/").json()
    assert read == {**added, "requirements": []}


@pytest.mark.parametrize(
    ("severity", "priority"), [("CRITICAL", 10), ("HIGH", 8), ("MEDIUM", 5), ("LOW", 2)]
)
def test_priority_follows_from_the_severity(server: Server, severity: str, priority: int) -> None:
    assert server.add_apv(severity=severity)["priority"] == priority
    assert server.add_apv(severity=severity, priority=7)["priority"] == 7


def test_codes_are_numbered_without_gaps_and_step_over_given_ones(server: Server) -> None:
    first = server.add_apv()["apv_code"]
    prefix, number = first.rsplit("-", 1)
    given = f"{prefix}-{int(number) + 2:03d}"
    server.add_apv(apv_code=given)
    refused = server.post("/hitl/apvs", [apv(), apv(severity="NONE")], user="pipeline")
    assert refused.status_code == 400
    following = [server.add_apv()["apv_code"] for _ in range(2)]
    assert following == [f"{prefix}-{int(number) + 1:03d}", f"{prefix}-{int(number) + 3:03d}"]


def test_code_in_use_is_a_conflict(server: Server) -> None:
    code = server.add_apv()["apv_code"]
    answer = server.post("/hitl/apvs", [apv(), apv(apv_code=code)], user="pipeline")
    assert code in assert_problem(answer, 409, "apv_code")["detail"]
    twice = [apv(apv_code="APV-2001-001"), apv(apv_code="APV-2001-001")]
    assert_problem(server.post("/hitl/apvs", twice, user="pipeline"), 409, "apv_code")


def test_list_is_added_whole_or_not_at_all(server: Server, site: Site) -> None:
    name = str(uuid4())
    bad = [apv(package_name=name), apv(package_name=name, severity="HUGE", cvss_score=11)]
    answer = server.post("/hitl/apvs", bad, user="pipeline")
    assert_problem(answer, 400, "[1].severity", "[1].cvss_score")
    assert site.rows("SELECT 1 FROM reviews_apv WHERE package_name = %s", name) == []
    good = server.post("/hitl/apvs", [apv(package_name=name)] * 3, user="pipeline")
    assert [one["package_name"] for one in good.json()] == [name] * 3


def test_thousand_apvs_are_taken_and_one_more_is_not(server: Server) -> None:
    small = {"severity": "LOW", "package_name": "many", "patch_strategy": "version_bump"}
    answer = server.post("/hitl/apvs", [small] * 1000, user="pipeline")
    assert (answer.status_code, len(answer.json())) == (201, 1000)
    assert_problem(server.post("/hitl/apvs", [small] * 1001, user="pipeline"), 400, "body")
    assert_problem(server.post("/hitl/apvs", [], user="pipeline"), 400, "body")


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"severity": "critical"}, "severity"),
    ({"severity": None}, "severity"),
    ({"package_name": ""}, "package_name"),
    ({"package_name": "a\0b"}, "package_name"),
    ({"package_name": "x" * 215}, "package_name"),
    ({"patch_strategy": "magic"}, "patch_strategy"),
    ({"cve_id": "CVE-1"}, "cve_id"),
    ({"cve_id": ""}, "cve_id"),
    ({"cvss_score": 10.1}, "cvss_score"),
    ({"cvss_score": "NaN"}, "cvss_score"),
    ({"cwe_ids": ["79"]}, "cwe_ids[0]"),
    ({"cwe_ids": "CWE-79"}, "cwe_ids"),
    ({"pr_url": "javascript:alert(1)"}, "pr_url"),
    ({"pr_url": "https://ok.example/ javascript:"}, "pr_url"),
    ({"wargame_run_url": "data:text/html,x"}, "wargame_run_url"),
    ({"pr_number": 0}, "pr_number"),
    ({"pr_number": 2**31}, "pr_number"),
    ({"patch_diff": "x" * (2 * 1024 * 1024)}, "patch_diff"),
    ({"patch_diff": "é" * (600 * 1024)}, "patch_diff"),
    ({"patch_diff": "\0"}, "patch_diff"),
    ({"patch_diff": "\ud800"}, "patch_diff"),
    ({"patch_confidence": 1.01}, "patch_confidence"),
    ({"static_confidence": "-Infinity"}, "static_confidence"),
    ({"affected_files": ["a", {"b": 1}]}, "affected_files[1]"),
    ({"affected_files": ["a\0"]}, "affected_files[0]"),
    ({"validation_warnings": ["\udfff"]}, "validation_warnings[0]"),
    ({"wargame_evidence": []}, "wargame_evidence"),
    ({"wargame_evidence": {"a": ["\0"]}}, "wargame_evidence"),
    ({"wargame_evidence": {"a": "x" * (300 * 1024)}}, "wargame_evidence"),
    ({"wargame_verdict": "won"}, "wargame_verdict"),
    ({"patch_risk_level": ""}, "patch_risk_level"),
    ({"apv_code": "APV-1"}, "apv_code"),
    ({"priority": 11}, "priority"),
    ({"confirmed": "perhaps"}, "confirmed"),
]


@pytest.mark.parametrize(("fields", "named"), INVALID, ids=lambda one: str(one)[:50])
def test_invalid_apv_names_the_field_and_writes_nothing(
    server: Server, site: Site, fields: dict[str, Any], named: str
) -> None:
    before = site.rows("SELECT count(*), (SELECT sum(top) FROM realtime_counter) FROM reviews_apv")
    assert_problem(post_text(server, json.dumps(apv(**fields))), 400, named)
    after = site.rows("SELECT count(*), (SELECT sum(top) FROM realtime_counter) FROM reviews_apv")
    assert before == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        '"text"',
        "5",
        '{"cvss_score": NaN}',
        "[[[]]]",
        "[" * 200_000,
        '{"severity": ' + "9" * 5000 + "}",
        b"\xff\xfe",
        json.dumps(apv()).replace('{"attempts_before": 3', '{"huge": 1e400, "attempts_before": 3'),
    ],
    ids=lambda one: repr(one[:20]),
)
def test_body_that_is_no_apv_is_a_400(server: Server, text: str | bytes) -> None:
    assert_problem(post_text(server, text), 400)


def test_other_content_types_and_methods_are_refused(server: Server) -> None:
    form = server.client("pipeline").post("/hitl/apvs", data={"severity": "LOW"})
    assert_problem(form, 415)
    assert_problem(server.client("pipeline").put("/hitl/apvs", json={}), 405)
    assert_problem(server.client("pipeline").delete("/hitl/decisions"), 405)
    assert_problem(server.client("pipeline").get("/hitl/nothing/here"), 404)


def test_body_over_the_bound_is_refused(server: Server) -> None:
    assert_problem(post_text(server, b" " * (33 * 1024 * 1024)), 413)


def test_queue_lists_pending_apvs_by_priority_then_age(server: Server) -> None:
    name = str(uuid4())
    added = [server.add_apv(package_name=name, severity=one) for one in ("LOW", "HIGH", "HIGH")]
    gone = server.add_apv(package_name=name, severity="CRITICAL")
    server.decide(gone["apv_id"])
    queue = server.client().get("/hitl/reviews", params={"package_name": name}).json()
    assert list(queue) == ["reviews", "total", "skip", "limit", "positions", "next"]
    assert [one["apv_id"] for one in queue["reviews"]] == [
        added[1]["apv_id"],
        added[2]["apv_id"],
        added[0]["apv_id"],
    ]
    assert (queue["total"], queue["skip"], queue["limit"]) == (3, 0, 50)
    assert list(queue["reviews"][0]) == [
        "apv_id",
        "apv_code",
        "cve_id",
        "severity",
        "package_name",
        "patch_strategy",
        "wargame_verdict",
        "confirmation_confidence",
        "created_at",
        "waiting_since",
        "priority",
        "status",
        "version",
    ]
    assert 0 <= queue["reviews"][0]["waiting_since"] < 1


def test_queue_is_paged_by_skip_or_offset(server: Server) -> None:
    name = str(uuid4())
    ids = [server.add_apv(package_name=name)["apv_id"] for _ in range(5)]

    def page(**query: Any) -> list[str]:
        found = server.client().get("/hitl/reviews", params={"package_name": name, **query})
        return [one["apv_id"] for one in found.json()["reviews"]]

    assert page(limit=2) == ids[:2]
    assert page(limit=2, skip=2) == page(limit=2, offset=2) == ids[2:4]
    assert page(skip=5) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"skip": -1}, "skip"),
        ({"skip": 10**30}, "skip"),
        ({"severity": "HUGE"}, "severity"),
        ({"wargame_verdict": "\0"}, "wargame_verdict"),
        ({"search": "a\0b"}, "search"),
        ({"package_name": "x" * 300}, "package_name"),
    ],
    ids=str,
)
def test_invalid_query_names_its_parameter(
    server: Server, query: dict[str, Any], named: str
) -> None:
    assert_problem(server.client().get("/hitl/reviews", params=query), 400, named)


@pytest.mark.parametrize(
    "query",
    [
        {"severity": "critical"},
        {"patch_strategy": "CODE_REWRITE"},
        {"wargame_verdict": "Partial"},
        {"package_ecosystem": "CRATES.IO"},
        {"search": "cve-2024-90017"},
    ],
    ids=str,
)
def test_filters_narrow_in_any_case(server: Server, query: dict[str, str]) -> None:
    name = str(uuid4())
    server.add_apv(package_name=name)
    wanted = server.add_apv(
        package_name=name,
        severity="CRITICAL",
        patch_strategy="code_rewrite",
        wargame_verdict="partial",
        package_ecosystem="crates.io",
        cve_id="CVE-2024-90017",
    )
    query = {"package_name": name.upper()[:20], **query}
    found = server.client().get("/hitl/reviews", params=query).json()["reviews"]
    assert [one["apv_id"] for one in found] == [wanted["apv_id"]]


def test_lists_say_the_position_they_were_read_at(server: Server, site: Site) -> None:
    for path in ("reviews", "apvs", "decisions"):
        positions = server.client("admin").get(f"/hitl/{path}").json()["positions"]
        rows = site.rows("SELECT channel, epoch, top FROM realtime_counter")
        assert positions == {name: {"epoch": epoch, "offset": top} for name, epoch, top in rows}


def test_every_apv_is_listed_with_its_status_and_order(server: Server) -> None:
    name = str(uuid4())
    server.decide(server.add_apv(package_name=name, cvss_score=3.0)["apv_id"])
    server.add_apv(package_name=name, cvss_score=9.0)
    query = {"package_name": name, "ordering": "-cvss_score"}
    found = server.client().get("/hitl/apvs", params=query).json()
    assert [(one["cvss_score"], one["status"]) for one in found["apvs"]] == [
        (9.0, "pending"),
        (3.0, "approved"),
    ]


def test_reviewers_may_not_add_and_pipelines_may_not_read_decisions(server: Server) -> None:
    assert_problem(server.post("/hitl/apvs", apv(), user="reviewer"), 403)
    assert_problem(server.client("pipeline").get("/hitl/decisions"), 403)
    assert_problem(server.client("pipeline").get("/hitl/reviews/stats"), 403)
    assert_problem(httpx.get(f"{server.origin}/hitl/reviews"), 401)
