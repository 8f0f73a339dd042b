"""The queue and the other lists: their order, their pages, their filters and their rows."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.models import Counter
from reviews.choices import Status
from reviews.console.list_query import ListQuery
from reviews.console.listings import PENDING
from reviews.console.places import PAGE
from reviews.console.queue import read_page
from reviews.console.rows import in_words
from reviews.models import APV
from tests.support.in_process import client_of, new_apv
from tests.support.pages import attribute, codes_on, decide, text_of

pytestmark = pytest.mark.django_db

KEYS = {
    "priority": ("-priority", "created_at", "apv_id"),
    "age": ("created_at", "apv_id"),
    "score": (Coalesce("cvss_score", 0.0).desc(), "created_at", "apv_id"),
}
"""What each order of the queue sorts by."""


# -- The queue --------------------------------------------------------------------------------


def test_queue_is_ordered_by_priority_then_age(reviewer):
    now = timezone.now()
    late = new_apv(severity="HIGH", created_at=now)
    low = new_apv(severity="LOW", created_at=now - timedelta(days=9))
    early = new_apv(severity="HIGH", created_at=now - timedelta(hours=1))
    critical = new_apv(severity="CRITICAL", created_at=now)
    answer = reviewer.get("/")
    assert codes_on(answer) == [apv.apv_code for apv in (critical, early, late, low)]
    orders = re.findall(r'data-order="([^"]+)"', answer.content.decode())
    assert orders == sorted(orders)


def test_decided_apvs_are_not_in_the_queue(reviewer):
    new_apv(status=Status.APPROVED)
    answer = reviewer.get("/")
    assert codes_on(answer) == []
    assert "Nothing waits for a decision" in text_of(answer)


def test_long_queue_comes_in_pages(reviewer):
    APV.objects.bulk_create(
        APV(severity="LOW", package_name="requests", patch_strategy="version_bump")
        for _ in range(PAGE + 3)
    )
    first = reviewer.get("/")
    assert len(codes_on(first)) == PAGE
    following = f"/?after={codes_on(first)[-1]}"
    assert f'href="{following}" rel="next"' in text_of(first)
    second = reviewer.get(following)
    assert len(codes_on(second)) == 3
    assert not set(codes_on(first)) & set(codes_on(second))
    assert '<a href="/">To the top of the list</a>' in text_of(second)
    assert codes_on(reviewer.get(f"/queue/rows?after={codes_on(first)[-1]}")) == codes_on(second)


@pytest.mark.parametrize("after", ["-1", "APV-1999-001", "²", "9" * 5000, "%00", ""])
def test_page_after_no_row_is_the_first(reviewer, after):
    apv = new_apv()
    assert codes_on(reviewer.get(f"/?after={after}")) == [apv.apv_code]
    assert codes_on(reviewer.get(f"/?status=decided&after={after}")) == []


def ordered(*keys) -> list[str]:
    """Return codes in this order, for a page and a half of pending APVs, some of them equal."""
    moments = [timezone.now() - timedelta(minutes=number // 2) for number in range(PAGE + 25)]
    scores = [None, 9.8, 7.5, 5.0, 0.0]
    APV.objects.bulk_create(
        APV(
            severity=["CRITICAL", "HIGH", "MEDIUM", "LOW"][number % 4],
            cvss_score=scores[number % 5],
            package_name="requests",
            patch_strategy="version_bump",
            created_at=moment,
        )
        for number, moment in enumerate(moments)
    )
    return list(APV.objects.order_by(*keys).values_list("apv_code", flat=True))


@pytest.mark.parametrize("sort", ["priority", "age", "score"])
def test_pages_in_every_order_hold_each_apv_once(reviewer, sort):
    expected = ordered(*KEYS[sort])
    first = reviewer.get(f"/?sort={sort}")
    following = re.search(r'href="([^"]+)" rel="next"', text_of(first))
    assert following
    second = reviewer.get(following[1])
    assert codes_on(first) + codes_on(second) == expected
    for answer in (first, second):
        orders = re.findall(r'data-order="([^"]+)"', text_of(answer))
        assert orders == sorted(orders)


@pytest.mark.parametrize("sort", ["priority", "age", "score"])
def test_page_far_down_is_found_by_the_index_of_its_order(sort):
    codes = ordered(*KEYS[sort])
    query = QueryDict(f"sort={sort}&after={codes[40]}")
    with CaptureQueriesContext(connection) as queries:
        read_page(ListQuery(PENDING, query))
    sql = next(one["sql"] for one in queries.captured_queries if "ROW(" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(rf"Index (Only )?Scan using apv_queue_{sort}", plan), plan
    assert re.search(r"Index Cond: .*ROW\(", plan)


@pytest.mark.parametrize(
    ("query", "packages"),
    [
        ("severity=CRITICAL", ["django"]),
        ("patch_strategy=code_rewrite", ["flask"]),
        ("wargame_verdict=failure", ["flask"]),
        ("wargame_verdict=none", ["django"]),
        ("package_ecosystem=npm", ["ws"]),
        ("search=frame", ["ws"]),
        ("search=CVE-2024-37890", ["ws"]),
        ("severity=HIGH&search=f", ["flask"]),
        ("severity=nonsense", ["django", "flask", "ws"]),
        ("search=%00", ["django", "flask", "ws"]),
    ],
)
def test_queue_is_narrowed_by_its_address(reviewer, query, packages):
    new_apv(severity="CRITICAL", package_name="django", package_ecosystem="PyPI")
    new_apv(
        severity="HIGH",
        package_name="flask",
        package_ecosystem="PyPI",
        patch_strategy="code_rewrite",
        wargame_verdict="failure",
    )
    new_apv(
        severity="MEDIUM",
        package_name="ws",
        package_ecosystem="npm",
        cve_id="CVE-2024-37890",
        cve_description="A frame too many.",
        wargame_verdict="success",
    )
    for path in ("/", "/queue", "/queue/rows"):
        rows = text_of(reviewer.get(f"{path}?{query}")).partition("<tbody")[2]
        shown = re.findall(r'<bdi class="package cut">([^<]+)', rows.partition("</tbody>")[0])
        assert shown == packages


def test_narrowed_queue_is_kept_in_every_link_of_its_rows(reviewer):
    apv = new_apv()
    page = text_of(reviewer.get("/?severity=HIGH&sort=age&skip=3"))
    assert f'href="/apvs/{apv.apv_code}?severity=HIGH&sort=age"' in page
    beside = reviewer.get(f"/apvs/{apv.apv_code}?severity=LOW")
    assert codes_on(beside) == []
    assert "Nothing matches" in text_of(beside)


def test_queue_opens_its_first_apv_beside_itself(reviewer):
    new_apv(severity="LOW")
    urgent = new_apv(severity="CRITICAL")
    page = text_of(reviewer.get("/"))
    assert f'data-code="{urgent.apv_code}"' in page
    assert f'action="/apvs/{urgent.apv_code}"' in page


def test_script_that_opens_an_apv_is_given_that_alone(reviewer):
    apv = new_apv()
    address = f"/apvs/{apv.apv_code}"
    part = text_of(reviewer.get(address, headers={"HX-Request": "true"}))
    assert f"<title>{apv.apv_code} requests" in part
    assert 'id="reading"' in part
    assert "<html" not in part
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in text_of(reviewer.get(address, headers=back))


def test_positions_in_the_page_are_those_of_the_counters(reviewer):
    apv = new_apv()
    decide(reviewer, apv)
    new_apv()
    counters = {
        counter.channel: {"epoch": counter.epoch, "offset": counter.top}
        for counter in Counter.objects.all()
    }
    for path in ("/", "/queue", f"/apvs/{apv.apv_code}"):
        assert attribute(reviewer.get(path), "positions") == counters
    assert reviewer.get(f"/apvs/{apv.apv_code}/state").json() == {
        "version": 2,
        "open": False,
        "status": "approved",
        "changes": 0,
        "positions": counters,
    }


def test_page_names_only_the_channels_that_the_user_may_read():
    answer = client_of("pipelines").get("/")
    assert attribute(answer, "watch")["channels"] == ["apvs", "changes"]
    assert set(attribute(answer, "positions")) == {"apvs", "changes"}
    assert "Decided today" not in text_of(answer)


def test_counters_are_those_of_the_database(reviewer):
    decide(reviewer, new_apv())
    new_apv()
    new_apv()
    shown = re.findall(r'data-stat="(\w+)">(\d+)<', reviewer.get("/").content.decode())
    assert dict(shown) == {
        "pending_reviews": "2",
        "decisions_today": "1",
        "total_decisions": "1",
    }


def test_rows_are_given_for_ids_that_are_pending(reviewer):
    first, second, decided = new_apv(), new_apv(severity="CRITICAL"), new_apv(status="rejected")
    ids = f"{first.pk},nonsense,{decided.pk},{uuid.uuid4()},{second.pk}"
    answer = reviewer.get(f"/queue/rows?ids={ids}")
    assert codes_on(answer) == [second.apv_code, first.apv_code]


# -- The other lists --------------------------------------------------------------------------


def tabs_of(answer) -> dict[str, str]:
    """Return the addresses of the tabs that are shown, by their labels."""
    nav = answer.content.decode().partition('<nav id="lists"')[2].partition("</nav>")[0]
    links = re.findall(r'href="([^"]+)"([^>]*)>(.*?)</a>', nav)
    shown = [(address, words) for address, rest, words in links if "hidden" not in rest]
    return {re.sub("<[^>]+>", "", words): address for address, words in shown}


def test_tabs_lead_to_the_lists_and_count_what_waits_there(reviewer):
    new_apv()
    new_apv()
    decide(reviewer, new_apv(), decision="escalate")
    decide(reviewer, new_apv())
    tabs = {
        "Pending 2": "/",
        "Escalated 1": "/?status=escalated",
        "Decided": "/?status=decided",
    }
    for address in (*tabs.values(), "/queue?status=escalated"):
        assert tabs_of(reviewer.get(address)) == tabs


def test_escalated_apvs_are_listed_in_queue_order_until_a_lead_decides(reviewer, lead):
    low, critical = new_apv(severity="LOW"), new_apv(severity="CRITICAL")
    new_apv()
    for apv in (low, critical):
        decide(reviewer, apv, decision="escalate")
        apv.refresh_from_db()
    for path in ("/?status=escalated", "/queue?status=escalated"):
        assert codes_on(lead.get(path)) == [critical.apv_code, low.apv_code]
    page = text_of(lead.get(f"/apvs/{low.apv_code}"))
    assert '<a href="/?status=escalated">← Escalated</a>' in page
    answer = decide(lead, low)
    assert answer.headers["Location"] == "/?status=escalated"
    assert codes_on(lead.get("/?status=escalated")) == [critical.apv_code]


def test_decided_apvs_are_listed_newest_decision_first(reviewer, lead):
    first, second = new_apv(), new_apv()
    decide(reviewer, first, decision="escalate")
    decide(reviewer, second, decision="reject")
    first.refresh_from_db()
    decide(lead, first)
    answer = reviewer.get("/?status=decided")
    shown = re.findall(
        r'href="/apvs/([^"?]+).*?<strong[^>]*>(\w+)</strong>.*?"at-reviewer"[^>]*><bdi>([^<]+)</bdi>',
        answer.content.decode().partition("<tbody")[2].partition("</tbody>")[0],
        re.DOTALL,
    )
    assert shown == [
        (first.apv_code, "Approve", "Lena Lead"),
        (second.apv_code, "Reject", "Rita Reviewer"),
        (first.apv_code, "Escalate", "Rita Reviewer"),
    ]


def test_pages_of_a_list_stay_in_it(reviewer):
    for number in range(PAGE + 1):
        decide(reviewer, new_apv(package_name=f"p{number}"))
    first = reviewer.get("/?status=decided")
    following = re.search(r'href="(/\?status=decided&after=[^"]+)" rel="next"', text_of(first))
    assert following
    second = reviewer.get(following[1])
    assert 'data-address="/queue?status=decided"' in text_of(second)
    assert '<a href="/?status=decided">To the top of the list</a>' in text_of(second)
    assert (len(codes_on(first)), len(codes_on(second))) == (PAGE, 1)


@pytest.mark.parametrize(
    ("status", "words"),
    [("escalated", "Nothing is with the leads"), ("decided", "Nothing is decided yet")],
)
def test_empty_list_says_so(reviewer, status, words):
    assert words in text_of(reviewer.get(f"/?status={status}"))


def test_unknown_status_is_the_pending_queue(reviewer):
    apv = new_apv()
    assert codes_on(reviewer.get("/?status=nonsense")) == [apv.apv_code]


def test_decisions_are_listed_only_for_those_who_may_read_them():
    client, apv = client_of("pipelines"), new_apv(status="approved")
    assert "Decided" not in tabs_of(client.get("/"))
    assert client.get("/?status=decided").status_code == 403
    assert client.get("/queue?status=decided").status_code == 403
    assert '<a href="/">← Queue</a>' in text_of(client.get(f"/apvs/{apv.apv_code}"))


# -- Words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (-1, "< 1 min"),
        (0.01, "< 1 min"),
        (0.5, "30 min"),
        (3.5, "3 h 30 min"),
        (24, "1 d 0 h"),
        (99, "4 d 3 h"),
    ],
)
def test_waiting_is_told_in_its_two_largest_units(hours, words):
    assert in_words(hours) == words
