"""Odd parameters, headers and bodies at every address: always a response, never a 500."""

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.effort import tries
from tests.support.problems import assert_problem
from tests.support.site import JSON, Server, Site, apv, decision, sign_in

ODD = [
    "",
    "x",
    "-1",
    "0",
    "\0",
    "\ufffe",
    "é",
    "'",
    "%",
    "http://[::1/",
    "[]",
    "{}",
    "9" * 30,
    "1e999",
    "NaN",
    "x" * 3000,
    ",".join(["x"] * 300),
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "00000000-0000-0000-0000-000000000000",
    "APV-2026-001",
]
PATHS = [
    *("/", "/queue", "/queue/rows", "/numbers", "/decisions.csv", "/decisions.jsonl"),
    *("/sign-in", "/signed-in", "/language", "/favicon.ico", "/apvs/{code}"),
    *("/apvs/{code}/state", "/apvs/{code}/reading", "/apvs/{code}/changes", "/apvs/{code}/diff"),
    *("/apvs/{code}.diff", "/hitl/apvs", "/hitl/apvs/{id}", "/hitl/reviews", "/hitl/reviews/stats"),
    *("/hitl/reviews/{id}", "/hitl/decisions", "/hitl/decisions/{id}", "/hitl/metrics"),
    *("/hitl/decisions/history/{id}", "/hitl/token", "/hitl/token/refresh", "/hitl/token/revoke"),
    *("/hitl/decisions/{id}/retract", "/hitl/decisions/{id}/outcome"),
    *("/admin/reviews/effect/", "/admin/reviews/effect/{id}/change/", "/admin/reviews/retraction/"),
    *("/admin/reviews/retraction/{id}/change/", "/admin/reviews/gate/"),
    *("/admin/reviews/gate/{id}/change/", "/admin/forges/repository/"),
    *("/hitl/ws/ticket", "/hitl/health", "/hitl/health/ready", "/hitl/schema", "/hitl/docs"),
    *("/admin/", "/admin/login/", "/admin/reviews/apv/", "/admin/reviews/apv/{id}/change/"),
    *("/admin/reviews/apv/{id}/decide/", "/admin/reviews/decision/", "/admin/audit/entry/"),
    *("/admin/auth/user/", "/admin/auth/group/", "/admin/knox/authtoken/", "/admin/jsi18n/"),
    *("/admin/realtime/event/", "/admin/accounts/signin/", "/admin/axes/accessattempt/"),
]
NAMES = [
    *("ids", "status", "search", "severity", "sort", "after", "before", "decision", "decided"),
    *("package_ecosystem", "wargame_verdict", "patch_strategy", "skip", "offset", "limit", "apv"),
    *("ordering", "cve_id", "reviewer", "decided_after", "decided_before", "view", "space", "next"),
    *("q", "o", "p", "e", "all", "action", "_popup", "language", "seen", "left", "version"),
    *("created_at__year", "created_at__day", "format", "lang", "token", "reading", "open"),
]
HEADERS = [
    *("HX-Request", "HX-Current-URL", "HX-Target", "HX-History-Restore-Request", "Referer"),
    *("Accept", "Accept-Language", "Authorization", "Idempotency-Key", "X-Request-ID", "Origin"),
    *("X-CSRFToken", "Content-Type", "X-Forwarded-For", "If-Modified-Since", "Range"),
]
COOKIES = ["hitl_diff", "hitl_tab", "hitl_language", "csrftoken"]
USERS = ["", "pipeline", "reviewer", "admin"]


@pytest.fixture(scope="module")
def clients(uvicorn_server: Server) -> Iterator[dict[str, httpx.Client]]:
    """A client of each kind of user, with its own session."""
    with contextlib.ExitStack() as open_ones:
        found = {}
        for user in USERS:
            client = httpx.Client(base_url=uvicorn_server.origin, timeout=60)
            found[user] = open_ones.enter_context(client)
            if user:
                sign_in(client, user)
        yield found


odd = st.sampled_from(ODD)


@pytest.fixture(scope="module")
def addressed(uvicorn_server: Server) -> dict[str, str]:
    added = uvicorn_server.add_apv()
    return {"code": added["apv_code"], "id": added["apv_id"]}


@settings(
    max_examples=tries(100, thorough=1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["GET", "GET", "GET", "POST", "HEAD", "PUT"]),
    path=st.sampled_from(PATHS),
    user=st.sampled_from(USERS),
    query=st.lists(st.tuples(st.sampled_from(NAMES), odd), max_size=4),
    headers=st.dictionaries(st.sampled_from(HEADERS), odd, max_size=4),
    cookies=st.dictionaries(st.sampled_from(COOKIES), odd, max_size=4),
    form=st.lists(st.tuples(st.sampled_from(NAMES), odd), max_size=4),
)
def test_every_address_answers_whatever_is_asked(
    clients: dict[str, httpx.Client],
    addressed: dict[str, str],
    method: str,
    path: str,
    user: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    cookies: dict[str, str],
    form: list[tuple[str, str]],
) -> None:
    client = clients[user]
    sent = {name: _in_header(text) for name, text in headers.items()}
    sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if cookies:
        kept = {**dict(client.cookies), **{name: quote(text) for name, text in cookies.items()}}
        sent["Cookie"] = "; ".join(f"{name}={text}" for name, text in kept.items())
    asked = "&".join(f"{name}={quote(text)}" for name, text in query)
    body = "&".join(f"{name}={quote(text)}" for name, text in form)
    url = f"{path.format(**addressed)}?{asked}"
    answer = client.request(method, url, headers=sent, content=body.encode())
    assert answer.status_code < 500, (method, url, sent, body)


def _in_header(text: str) -> str:
    return "".join(one if " " <= one <= "~" else "~" for one in text)


HALVES = ["\ud800", "\udfff", "x\udc00y"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "field", ["severity", "patch_strategy", "patch_risk_level", "wargame_verdict", "package_name"]
)
def test_half_a_character_names_its_field(server: Server, field: str, half: str) -> None:
    body = json.dumps(apv(**{field: half}))
    answer = server.client("pipeline").post("/hitl/apvs", content=body, headers=JSON)
    assert_problem(answer, 400, field)


@pytest.mark.parametrize("field", ["decision", "justification", "reviewer_name", "apv_id"])
def test_so_it_does_in_a_decision(server: Server, field: str) -> None:
    body = json.dumps(decision(server.add_apv()["apv_id"]) | {field: "\ud800"})
    answer = server.client().post("/hitl/decisions", content=body, headers=JSON)
    assert_problem(answer, 400, field)


@pytest.mark.parametrize("body", ['"\\ud800"', '{"\\ud800": 1}', '["\\ud800"]', '{"x": "\\ud800"}'])
@pytest.mark.parametrize("path", ["/hitl/apvs", "/hitl/decisions", "/hitl/token"])
def test_and_anywhere_else(server: Server, path: str, body: str) -> None:
    answer = server.client("admin").post(path, content=body, headers=JSON)
    assert_problem(answer, 400)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/queue/rows?ids=x&status=decided", {}),
        ("/queue/rows?ids=00000000-0000-0000-0000-000000000000&status=decided", {}),
        ("/queue", {"HX-Request": "true", "HX-Current-URL": "http://[::1/"}),
        ("/queue", {"HX-Request": "true", "HX-Current-URL": "http://[x]/"}),
    ],
)
def test_what_failed_once_is_answered(server: Server, path: str, headers: dict[str, str]) -> None:
    assert server.client().get(path, headers=headers).status_code in {200, 400}


def test_bulk_action_of_the_admin_is_answered(server: Server) -> None:
    added = server.add_apv()
    for action in ("", "delete_selected", "nonsense"):
        form = {"action": action, "_selected_action": added["apv_id"], "index": "0"}
        client = server.client("admin")
        headers = {"Referer": server.origin}
        answer = client.post("/admin/reviews/apv/", data=form, headers=headers)
        assert answer.status_code in {200, 302, 403}


# -- Much that is bad -------------------------------------------------------------------------


def refusal(server: Server, body: Any) -> dict[str, Any]:
    answer = server.post("/hitl/apvs", body, user="pipeline")
    assert answer.status_code == 400
    assert len(answer.content) < 50_000, len(answer.content)
    return dict(answer.json()["errors"])


@pytest.mark.parametrize("field", ["cwe_ids", "affected_files", "validation_warnings"])
def test_length_of_a_list_is_checked_before_its_items(server: Server, field: str) -> None:
    errors = refusal(server, apv(**{field: [{}] * 20_000}))
    assert list(errors) == [field]
    assert "at most" in errors[field][0] or "no more than" in errors[field][0]


def test_first_bad_items_are_named(server: Server) -> None:
    errors = refusal(server, apv(cwe_ids=["x"] * 50))
    assert list(errors) == [f"cwe_ids[{index}]" for index in range(10)]


def test_first_bad_apvs_of_a_list_are_named(server: Server) -> None:
    errors = refusal(server, [apv(severity="HUGE")] * 1000)
    assert list(errors) == [f"[{index}].severity" for index in range(10)]


def test_reasons_do_not_repeat_what_was_sent(server: Server) -> None:
    errors = refusal(server, apv(severity="x" * 400_000, cve_id="y" * 400_000))
    assert set(errors) == {"severity", "cve_id"}
    answer = server.client().get("/hitl/apvs", params={"severity": "x" * 6000})
    assert answer.status_code == 400
    assert len(answer.content) < 2000


WIDE = "\U0001f642" * 400
REFUSED: dict[str, Callable[[], Any]] = {
    "names of fields": lambda: [{f"{WIDE[:300]}{number}": "\ud800"} for number in range(1000)],
    "choices": lambda: [apv(severity=WIDE, patch_strategy=WIDE, wargame_verdict=WIDE)] * 1000,
    "controls": lambda: [apv(severity="\x01" * 400, patch_risk_level="\x01" * 400)] * 1000,
    "items of lists": lambda: [apv(cwe_ids=[WIDE] * 20, affected_files=[[WIDE]] * 20)] * 50,
    "codes in use": lambda: [apv(apv_code=f"APV-2001-{number:03}") for number in range(1000)],
    "the same code": lambda: [apv(apv_code="APV-2002-" + "9" * 9)] * 1000,
    "many fields": lambda: {f"{number}{WIDE}": number for number in range(5000)},
    "no JSON": lambda: WIDE * 100,
}


@pytest.mark.parametrize("what", REFUSED)
def test_answer_to_a_refused_post_is_small_whatever_was_posted(server: Server, what: str) -> None:
    client, body = server.client("pipeline"), json.dumps(REFUSED[what]()).encode()
    post = partial(
        client.post, "/hitl/apvs", content=body, headers={"Content-Type": "application/json"}
    )
    answer = post() if what != "codes in use" else (post(), post())[1]
    problem = assert_problem(answer, 409 if "code" in what else 400)
    assert problem["detail"]
    assert len(answer.content) < 50_000, len(answer.content)


def test_list_of_bad_apvs_costs_less_than_one_of_good_ones(server: Server) -> None:
    """This counts errors, not seconds: the server makes no error that it will not report."""
    errors = refusal(server, [apv(cwe_ids=["x"] * 50)] * 1000)
    assert len(errors) <= 100


# -- Codes taken in advance -------------------------------------------------------------------


TAKEN = """
INSERT INTO reviews_apv
SELECT copy.* FROM (SELECT reviews_apv AS whole FROM reviews_apv LIMIT 1) AS one, (
        SELECT 'APV-' || %s || '-' || lpad(number::text, greatest(3, length(number::text)), '0')
        FROM generate_series(%s, %s) AS number
    ) AS taken (code),
    jsonb_populate_record(
        whole, jsonb_build_object('apv_id', gen_random_uuid(), 'apv_code', code)
    ) AS copy
"""
"""Copies an APV for each number of a year."""


def test_codes_taken_in_advance_are_stepped_over_in_a_few_looks(
    django_assert_max_num_queries: Any, db: None
) -> None:
    from django.db import connection
    from django.utils import timezone

    from reviews import fields, services
    from reviews.models import APV

    year = timezone.now().year
    row = {"severity": "HIGH", "package_name": "x", "patch_strategy": "version_bump"}
    first = services.add_apvs(apvs=[APV(**row)])[0].apv_code
    last = int(first.rpartition("-")[2])
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, [year, last + 1, last + 8000])
    new = APV(**row)
    with django_assert_max_num_queries(9):
        fields.assign_codes([new])
    assert new.apv_code == f"APV-{year}-{last + 8001}"
    later = APV(**row)
    with django_assert_max_num_queries(5):
        fields.assign_codes([later])


# -- Forms and values that cannot be read -----------------------------------------------------

NO_TEXT = ["zlib", "hex", "rot13", "undefined", "idna", "punycode", "utf-16", "unicode_escape"]
FORM_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=B"]
PART = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--B--\r\n'
DOORS = ["/sign-in", "/language", "/admin/login/", "/hitl/token", "/hitl/apvs", "/hitl/ws/ticket"]


@pytest.mark.parametrize("codec", NO_TEXT)
@pytest.mark.parametrize("kind", FORM_TYPES)
def test_form_in_another_code_is_refused(server: Server, kind: str, codec: str) -> None:
    """Also with a session: the check of its token would read the form."""
    for client in (httpx.Client(base_url=server.origin), server.client("admin")):
        for path in DOORS:
            headers = {"Content-Type": f"{kind}; charset={codec}"}
            answer = client.post(path, content=PART, headers=headers)
            assert answer.status_code == 400, (path, answer.status_code)
            assert "UTF-8" in answer.text


@pytest.mark.parametrize("codec", ["utf8", "UTF-8", "U8"])
def test_form_in_utf_8_is_read_however_that_is_spelt(server: Server, codec: str) -> None:
    headers = {"Content-Type": f"{FORM_TYPES[0]}; charset={codec}"}
    answer = httpx.post(f"{server.origin}/language", content=b"a=1", headers=headers)
    assert answer.status_code == 403  # it is read, and has no CSRF token


@pytest.mark.parametrize(
    "path",
    [
        "/admin/reviews/apv/?package_ecosystem=%00",
        "/admin/reviews/apv/?status__exact=%00",
        "/admin/knox/authtoken/%00/change/",
        "/admin/knox/authtoken/_00/delete/",
        "/admin/r/{apv}/x/",
        "/admin/autocomplete/?app_label=knox&model_name=authtoken&field_name=user&term=%00",
    ],
)
def test_value_that_cannot_be_looked_for_is_no_failure(
    server: Server, site: Site, path: str
) -> None:
    sql = "SELECT id FROM django_content_type WHERE app_label = 'reviews' AND model = 'apv'"
    kind = site.rows(sql)[0][0] if "{apv}" in path else ""
    answer = server.client("admin").get(path.format(apv=kind))
    assert answer.status_code in {200, 302, 400, 404}, answer.status_code
