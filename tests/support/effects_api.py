"""Decisions over REST, with their effects: made, taken back and reported about."""

from typing import Any

import httpx

from tests.support.site import Server

WRONG = {"reason": "The wrong one."}
DONE = {"outcome": "done", "notes": "Merged by hand.", "url": "https://ci.example.com/runs/7"}


def decided(server: Server, user: str = "reviewer", **fields: Any) -> dict[str, Any]:
    """Return the record of a decision on a new APV."""
    of_apv = {"pr_number": None, "pr_url": ""} if fields.get("decision") == "dismiss" else {}
    answer = server.decide(server.add_apv(**of_apv)["apv_id"], user, **fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def record(server: Server, decision: dict[str, Any]) -> dict[str, Any]:
    return dict(server.client().get(f"/hitl/decisions/{decision['decision_id']}").json())


def retract(
    server: Server, decision: dict[str, Any], user: str = "reviewer", **sent: Any
) -> httpx.Response:
    return _post(server, decision, "retract", user, **{"body": WRONG, **sent})


def report(
    server: Server, decision: dict[str, Any], user: str = "pipeline", **sent: Any
) -> httpx.Response:
    return _post(server, decision, "outcome", user, **{"body": DONE, **sent})


def _post(
    server: Server, decision: dict[str, Any], what: str, user: str, body: Any, **headers: Any
) -> httpx.Response:
    return server.post(f"/hitl/decisions/{decision['decision_id']}/{what}", body, user, **headers)


def status_of(server: Server, decision: dict[str, Any]) -> str:
    return str(server.client().get(f"/hitl/apvs/{decision['apv_id']}").json()["status"])
