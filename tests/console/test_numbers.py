"""The numbers below the panes, and the decisions as files."""

import asyncio
import codecs
import csv
import html
import io
import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.db import connections
from django.test import Client
from django.utils import timezone

from reviews import services, trends
from reviews.console.export import COLUMNS, FIELDS, PIECE, as_csv, harmless, stream
from reviews.decision_kinds import DecisionKind
from reviews.models import APV, Decision
from tests.support.pages import JUSTIFICATION
from tests.support.site import Server, apv

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    user = User.objects.create_user("rita", first_name="Rita", last_name="Reviewer")
    user.groups.add(Group.objects.get(name="reviewers"))
    return user


@pytest.fixture
def reviewer(rita: User) -> Client:
    client = Client()
    client.force_login(rita)
    return client


def decide(user: User, kind: str = "approve", **fields: Any) -> Decision:
    one = APV.objects.create(**apv(**fields))
    return services.decide(
        apv_id=one.pk,
        decision=kind,
        justification=JUSTIFICATION,
        modifications={"a": 1} if kind == "modify" else {},
        reviewer=user,
    )


# -- By day -----------------------------------------------------------------------------------


def test_days_without_decisions_are_among_them() -> None:
    days = trends.days()
    assert len(days) == trends.DAYS
    assert days[-1].day == timezone.now().astimezone(UTC).date()
    assert {day.total for day in days} == {0}
    assert {(day.median_seconds, day.agreement, day.prevented) for day in days} == {(None, None, 0)}


def test_day_counts_verbs_agreement_and_what_was_prevented(rita: User) -> None:
    decide(rita, "approve")
    decide(rita, "reject")  # against the machine
    decide(rita, "reject", wargame_verdict="failure")
    decide(rita, "escalate")
    decide(rita, "modify", created_at=timezone.now() - timedelta(hours=2))
    today = trends.days()[-1]
    made = {
        DecisionKind.APPROVE: 1,
        DecisionKind.REJECT: 2,
        DecisionKind.MODIFY: 1,
        DecisionKind.ESCALATE: 1,
        DecisionKind.DISMISS: 0,
    }
    assert today.counts == made
    assert today.agreement == pytest.approx(2 / 3)
    assert today.prevented == 3
    assert today.median_seconds is not None
    assert today.median_seconds < 60


def test_numbers_lead_to_the_lists_behind_them(reviewer: Client, rita: User) -> None:
    decided = decide(rita, "reject")
    APV.objects.create(**apv(severity="LOW"))
    for headers in ({}, {"HX-Request": "true"}):
        page = html.unescape(reviewer.get("/numbers", headers=headers).content.decode())
        assert '<a href="/?severity=LOW">Low</a>' in page
        day = decided.decided_at.astimezone(UTC).date().isoformat()
        assert f'<a href="/?status=decided&decided={day}">{day}</a>' in page
        assert '<a href="/?status=decided&decision=reject">Reject</a>' in page
    behind = reviewer.get(f"/?status=decided&decided={day}&decision=reject").content.decode()
    assert f'id="decision-{decided.pk}"' in behind
    other = reviewer.get(f"/?status=decided&decided={day}&decision=approve").content.decode()
    assert f'id="decision-{decided.pk}"' not in other


def test_every_plot_has_its_table(reviewer: Client) -> None:
    page = reviewer.get("/numbers").content.decode()
    plots = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(plots) == 5
    for plot in plots:
        assert "<table" in plot
        assert "<figcaption>" in plot


def test_list_behind_a_number_is_as_long_as_the_number(reviewer: Client, rita: User) -> None:
    long_ago = timezone.now() - timedelta(days=8)
    with mock.patch("realtime.clock.now", return_value=long_ago):
        decide(rita, "reject")
    for kind in ("approve", "reject", "escalate"):
        decide(rita, kind)
    page = html.unescape(reviewer.get("/numbers").content.decode())
    [(address, number)] = re.findall(r'<a href="([^"]*decided_since[^"]*)">(\d+)</a>', page)
    assert number == "3"
    assert "3 found" in reviewer.get(address).content.decode()


def test_numbers_are_for_those_who_may_view_them() -> None:
    user = User.objects.create_user("pia")
    user.groups.add(Group.objects.get(name="pipelines"))
    client = Client()
    client.force_login(user)
    assert client.get("/numbers").status_code == 403
    assert 'id="numbers"' not in client.get("/").content.decode()
    for path in ("/decisions.csv", "/decisions.jsonl"):
        assert client.get(path).status_code == 403


# -- As files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", '"=1"', "\u00a0=1", "＝1+1", "－1"],
)
def test_cell_that_a_spreadsheet_might_compute_is_made_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    row = dict.fromkeys(FIELDS) | {"justification": text, "modifications": {"=a": "=b"}}
    cells = next(csv.reader(io.StringIO(as_csv([row], False))))
    assert cells[COLUMNS.index("justification")] == f"'{text}"
    assert cells[COLUMNS.index("modifications")] == '{"=a": "=b"}'


PAYLOAD = "=HYPERLINK(1)"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("between", [",", ";", "\t", "|", "\n", "\r\n", '";"', "; ", ';"', "','"])
def test_no_cell_is_a_formula_however_a_spreadsheet_separates_them(
    delimiter: str, between: str
) -> None:
    text = f"fine{between}{PAYLOAD}"
    modifications = {"a": text, "b;": f"{text}{between}", "c": [1, -2], "d": PAYLOAD}
    row = dict.fromkeys(FIELDS) | {"justification": text, "modifications": modifications}
    written = as_csv([row], False)
    for line in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
        for cell in line:
            assert not re.match(r"[ \"\u00a0]*[=+@]", cell), (line, written)
    cells = next(csv.reader(io.StringIO(written, newline="")))
    assert json.loads(cells[COLUMNS.index("modifications")]) == modifications


@pytest.mark.parametrize("text", ["", "plain", "a=b", "well-kept", "a - b", "It's 1+1", "a, b; c"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_guard_takes_a_time_that_grows_with_the_text_only() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        harmless(text)
        return time.process_time() - began

    for unit in (" ", ";", "\t", "; ", '"'):
        short, long = (min(seconds(unit * count) for _ in range(3)) for count in (20_000, 80_000))
        assert long < 12 * max(short, 0.001)


def test_decisions_are_exported_as_rest_gives_them(uvicorn_server: Server) -> None:
    added = uvicorn_server.add_apv(package_name="exported")
    assert (
        uvicorn_server.decide(added["apv_id"], justification="=HYPERLINK() 10").status_code == 200
    )
    client = uvicorn_server.client("reviewer")
    given = client.get("/hitl/decisions", params={"apv": added["apv_id"]}).json()["decisions"]
    lines = client.get("/decisions.jsonl", params={"search": added["apv_code"]}).text.splitlines()
    assert [json.loads(line) for line in lines] == given
    answer = client.get("/decisions.csv", params={"search": added["apv_code"]})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(codecs.BOM_UTF8)  # otherwise Excel shows "NÃ£o" for "Não"
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["decision_id"] == given[0]["decision_id"]
    assert row["justification"] == "'=HYPERLINK() 10"


@pytest.mark.django_db(transaction=True)
def test_export_is_read_piece_by_piece() -> None:
    rita = User.objects.create_user("rita")  # in no group: tests like this one leave none behind
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    apvs = APV.objects.bulk_create(APV(**apv()) for _ in range(PIECE + 3))
    for one in apvs:  # at the same moment, so that the boundary between two parts is a tie
        Decision.objects.create(
            apv=one,
            decision="approve",
            justification=JUSTIFICATION,
            reviewer=rita,
            reviewer_name="Rita",
            severity=one.severity,
            patch_strategy=one.patch_strategy,
            recommendation="approve",
            diff_sha256="0" * 64,
            apv_version=1,
            review_seconds=1,
            action_taken="pr_merged",
            decided_at=moment,
        )

    def encode(piece: Any, first: bool) -> str:
        return json.dumps([row["decision_id"] for row in piece])

    async def pieces() -> list[list[str]]:
        try:
            return [json.loads(text) async for text in stream(Decision.objects.all(), encode)]
        finally:
            await sync_to_async(connections.close_all)()

    read = asyncio.run(pieces())
    assert [len(piece) for piece in read] == [PIECE, 3]
    assert len({one for piece in read for one in piece}) == PIECE + 3
