"""Who added an APV, and what that means for the decision on it."""

import json
from collections.abc import Iterator

import pytest

from tests.support.people import api, issue, new_user
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, apv, decision


def by_admin(server: Server) -> dict[str, str]:
    answer = server.post("/hitl/apvs", apv(), user="admin")
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_apv_names_the_user_who_added_it(server: Server) -> None:
    added = server.add_apv()
    assert added["submitted_by"] == "pipeline"
    listed = server.client().get("/hitl/apvs", params={"search": added["apv_code"]}).json()
    assert [one["submitted_by"] for one in listed["apvs"]] == ["pipeline"]
    assert server.client().get(f"/hitl/apvs/{added['apv_id']}").json() == added
    page = server.client().get(f"/apvs/{added['apv_code']}").text
    assert "Added by" in page


def test_nobody_else_is_named_by_the_body(server: Server) -> None:
    assert server.add_apv(submitted_by="reviewer")["submitted_by"] == "pipeline"


def test_command_names_nobody(uvicorn_server: Server, site: Site) -> None:
    line = json.dumps(apv(package_name="from-a-command"))
    site.manage("import_apvs", "-", stdin=line)
    found = uvicorn_server.client().get("/hitl/apvs?package_name=from-a-command").json()
    assert found["apvs"][0]["submitted_by"] is None


def test_submitter_may_decide_and_it_shows(server: Server) -> None:
    added = by_admin(server)
    page = server.client("admin").get(f"/apvs/{added['apv_code']}").text
    assert "You added this APV yourself." in page
    assert "You added this APV yourself." not in server.client().get("/").text
    record = server.decide(added["apv_id"], user="admin").json()
    assert record["by_submitter"] is True
    assert "decided by who added it" in server.client().get(f"/apvs/{added['apv_code']}").text


@pytest.fixture(scope="module")
def strict(site: Site) -> Iterator[Server]:
    with site.uvicorn(HITL_SUBMITTER_MAY_DECIDE="off") as server:
        yield server


def test_where_it_is_set_the_submitter_does_not_decide(strict: Server) -> None:
    added = by_admin(strict)
    problem = assert_problem(strict.decide(added["apv_id"], user="admin"), 403)
    assert (
        problem["detail"]
        == f"You added {added['apv_code']} yourself, so somebody else must decide on it."
    )
    page = strict.client("admin").get(f"/apvs/{added['apv_code']}").text
    assert 'id="decision-form"' not in page
    assert strict.decide(added["apv_id"]).status_code == 200


def test_conflict_shows_the_decision_only_to_those_who_may_read_it(
    server: Server, site: Site
) -> None:
    added, blind = server.add_apv(), new_user(site, "pipelines")
    site.execute(
        "INSERT INTO auth_user_user_permissions (user_id, permission_id)"
        " SELECT u.id, p.id FROM auth_user u, auth_permission p"
        " WHERE u.username = %s AND p.codename = 'decide_apv'",
        blind,
    )
    server.decide(added["apv_id"], justification="A secret reason for this one.")
    with api(server, f"Bearer {issue(site, blind)}") as client:
        answer = client.post("/hitl/decisions", json=decision(added["apv_id"]))
    problem = assert_problem(answer, 409)
    assert problem["detail"] == f"{added['apv_code']} was decided already."
    assert "decision" not in problem
    seen = assert_problem(server.decide(added["apv_id"]), 409)
    assert seen["decision"]["justification"] == "A secret reason for this one."
