import html
import json
import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.models import Counter
from reviews import presence
from reviews.choices import Status
from reviews.console.apv_fields import GROUPS
from reviews.console.list_query import ListQuery
from reviews.console.listings import PENDING
from reviews.console.places import PAGE
from reviews.console.queue import read_page
from reviews.console.rows import in_words
from reviews.imports import osv
from reviews.models import APV, Decision, Reading
from tests.support.forms import fields_of
from tests.support.in_process import client_of, new_apv
from tests.support.site import DIFF

pytestmark = pytest.mark.django_db

KEYS = {
    "priority": ("-priority", "created_at", "apv_id"),
    "age": ("created_at", "apv_id"),
    "score": (Coalesce("cvss_score", 0.0).desc(), "created_at", "apv_id"),
}
"""What each order of the queue sorts by."""
SCRIPT = "<script>alert(1)</script>"
JUSTIFICATION = "The bump is minimal and the wargame holds."


def decide(client: Client, apv: APV, **fields):
    """Send the decision form and answer the question, as a browser does without scripts."""
    answer = ask(client, apv, **fields)
    if 'id="question"' not in answer.content.decode():
        return answer
    return client.post(f"/apvs/{apv.apv_code}", fields_of(answer))


def ask(client: Client, apv: APV, **fields):
    """Send the decision form as a browser does, with the page's version."""
    form = {
        "decision": "approve",
        "justification": JUSTIFICATION,
        "confidence": "0.9",
        "modifications": "",
        "version": apv.version,
        **fields,
    }
    return client.post(f"/apvs/{apv.apv_code}", form)


def text_of(answer) -> str:
    return html.unescape(answer.content.decode())


def codes_on(answer) -> list[str]:
    """Return the codes in the list; the page may contain other APVs elsewhere."""
    rows = answer.content.decode().partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r'<a href="/apvs/([^"?]+)[^"]*"[^>]*>', rows)


def attribute(answer, name: str):
    """Return the JSON in a data attribute of the page."""
    found = re.search(rf'data-{name}="([^"]*)"', answer.content.decode())
    assert found, name
    return json.loads(html.unescape(found[1]))


@pytest.fixture
def reviewer() -> Client:
    return client_of("reviewers", "Rita Reviewer")


@pytest.fixture
def lead() -> Client:
    return client_of("leads", "Lena Lead")


@pytest.fixture
def observer() -> Client:
    return client_of("observers")


# -- Who sees what ----------------------------------------------------------------------------


def test_after_a_wrong_password_the_caret_stands_where_it_is_typed_again(client):
    assert re.search(r'name="username"[^>]* autofocus', client.get("/sign-in").content.decode())
    answer = client.post("/sign-in", {"username": "somebody", "password": "wrong"})
    page = answer.content.decode()
    assert re.search(r'name="username" value="somebody"', page)
    assert re.findall(r'name="(\w+)"[^>]* autofocus', page) == ["password"]


@pytest.mark.parametrize(
    "path", ["/", "/queue", "/queue/rows", "/apvs/APV-2026-001", "/apvs/APV-2026-001/state"]
)
def test_every_page_needs_sign_in(path):
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/sign-in?next={path}"


def test_user_without_permission_is_told_so():
    client = Client()
    client.force_login(User.objects.create_user("stranger"))
    answer = client.get("/")
    assert answer.status_code == 403
    assert "You may not see or do this" in text_of(answer)


def test_icon_is_found_where_browsers_look_for_it():
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302
    assert re.fullmatch(r"/static/reviews/favicon.*\.svg", answer.headers["Location"])


def test_staff_are_led_to_the_administration():
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    assert re.search(
        r'<a href="/admin/">Administration</a>\s*<span class="name"><bdi>admin</bdi></span>',
        text_of(client.get("/")),
    )


def test_signing_out_hides_the_queue(reviewer):
    assert reviewer.post("/sign-out").status_code == 302
    assert reviewer.get("/").status_code == 302


def test_pages_are_kept_in_no_cache(reviewer):
    assert "no-store" in reviewer.get("/").headers["Cache-Control"]


def test_under_open_access_the_page_works_without_sign_in(settings):
    settings.HITL_OPEN_ACCESS = True
    user = User.objects.create_user("reviewer")
    user.groups.add(Group.objects.get(name="reviewers"))
    apv = new_apv()
    assert codes_on(Client().get("/")) == [apv.apv_code]
    assert decide(Client(), apv).status_code == 302
    assert Decision.objects.get().reviewer == user


def test_unknown_apv_is_a_friendly_404(reviewer):
    for path in ("/apvs/APV-1999-001", "/apvs/nonsense", "/apvs/APV-2026-%00"):
        answer = reviewer.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in text_of(answer)


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
    assert f"Index Scan using apv_queue_{sort}" in plan
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
    assert attribute(answer, "watch")["channels"] == ["apvs"]
    assert set(attribute(answer, "positions")) == {"apvs"}
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
    """Return the addresses of the tabs, by their labels."""
    nav = answer.content.decode().partition('<nav id="lists"')[2].partition("</nav>")[0]
    links = re.findall(r'href="([^"]+)"[^>]*>(.*?)</a>', nav)
    return {re.sub("<[^>]+>", "", words): address for address, words in links}


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


# -- An APV -----------------------------------------------------------------------------------


def test_page_of_an_apv_shows_every_field():
    shown = [name for _, names in GROUPS for name in names]
    assert sorted(shown) == sorted(field.name for field in APV._meta.concrete_fields)


def test_nothing_from_outside_is_taken_for_html(reviewer):
    apv = new_apv(
        cve_title=SCRIPT,
        cve_description=SCRIPT,
        package_name=SCRIPT,
        package_version=SCRIPT,
        package_ecosystem=SCRIPT,
        fixed_version=SCRIPT,
        vulnerable_code_signature=SCRIPT,
        vulnerable_code_type=SCRIPT,
        affected_files=[SCRIPT],
        patch_description=SCRIPT,
        patch_diff=f"+{SCRIPT}\n--- {SCRIPT}\n@@ {SCRIPT}\n {SCRIPT}",
        validation_warnings=[SCRIPT],
        pr_url='https://example.com/"><script>alert(1)</script>',
        pr_branch=SCRIPT,
        wargame_run_url='https://example.com/"><script>alert(1)</script>',
        wargame_evidence={SCRIPT: [SCRIPT]},
    )
    queue = reviewer.get("/")
    draft = decide(reviewer, apv, decision=SCRIPT, justification=SCRIPT, modifications=SCRIPT)
    decide(reviewer, apv, justification=SCRIPT, decision="escalate", modifications=f"a: {SCRIPT}")
    kept = decide(reviewer, apv, justification=SCRIPT, modifications=f"{SCRIPT}: {SCRIPT}")
    for answer in (
        queue,
        draft,
        kept,
        reviewer.get(f"/apvs/{apv.apv_code}"),
        reviewer.get(f"/queue/rows?ids={new_apv(package_name=SCRIPT).pk}"),
    ):
        assert "alert(1)" in answer.content.decode()
        assert "<script>" not in answer.content.decode()


def test_pages_hold_no_inline_script_or_style(reviewer):
    apv = new_apv(patch_diff="+new\n-old\n")
    for path in ("/", f"/apvs/{apv.apv_code}", "/sign-in"):
        page = reviewer.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", page)
        assert not re.search(r'(?:src|<link[^>]* href)="(?!/)', page)


def test_characters_that_hide_code_are_shown_by_name(reviewer):
    apv = new_apv(patch_diff="+if admin\u202e:\n")
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "if admin⟨U+202E⟩:" in page
    assert "1 invisible or direction-changing character," in page


def signals_on(answer) -> dict[str, str]:
    """Return the words that summarise the APV."""
    found = text_of(answer).partition('<dl class="signals">')[2].partition("</dl>")[0]
    said = dict(re.findall(r"<dt>([^<]+)</dt><dd><span[^>]*>([^<]+)</span>", found))
    for name in re.findall(r"<dt>Not run</dt><dd>([^<]+)", found):
        said |= dict.fromkeys(name.split(", "), "Not run")
    return said


@pytest.mark.parametrize(
    ("fields", "validation", "confirmation"),
    [
        ({}, "Not run", "Not run"),
        ({"validation_confidence": 0.3, "static_confidence": 0.2}, "Not passed", "Not confirmed"),
        ({"validation_warnings": ["3 tests fail"]}, "Not passed", "Not run"),
        ({"validation_warnings": [osv.ILLUSTRATIVE]}, "Not run", "Not run"),
        ({"validation_passed": True, "confirmed": True}, "Passed", "Confirmed"),
    ],
)
def test_what_was_not_run_is_not_called_a_failure(reviewer, fields, validation, confirmation):
    answer = reviewer.get(f"/apvs/{new_apv(**fields).apv_code}")
    signals = signals_on(answer)
    assert (signals["Validation"], signals["Confirmation"]) == (validation, confirmation)
    assert signals["Wargame"] == "Not run"
    facts = len(re.findall(r"<bdi>Not run</bdi>", text_of(answer)))
    assert facts == [validation, confirmation].count("Not run")


def test_diff_that_is_no_project_s_is_not_shown_as_one(reviewer):
    imported, own = new_apv(validation_warnings=[osv.ILLUSTRATIVE]), new_apv()
    notice = f'<p class="notice warn">{osv.ILLUSTRATIVE}</p>'
    assert notice in text_of(reviewer.get(f"/apvs/{imported.apv_code}"))
    assert "illustrative" not in text_of(reviewer.get(f"/apvs/{own.apv_code}"))


def test_number_of_warnings_leads_to_them(reviewer):
    page = text_of(reviewer.get(f"/apvs/{new_apv(validation_warnings=['a', 'b']).apv_code}"))
    assert '<dd><a href="#panel-validation">2</a></dd>' in page
    assert 'id="panel-validation"' in page


def test_huge_diff_is_shown_in_parts_to_its_last_line(reviewer):
    apv = new_apv(patch_diff="+a\n" * 300_000 + "+<last>\n")
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    assert f'<a href="/apvs/{apv.apv_code}/diff">Show the diff' in page
    for headers in ({}, {"HX-Request": "true"}):
        first = reviewer.get(f"/apvs/{apv.apv_code}/diff", headers=headers).content.decode()
        assert "section=0&amp;from=1000" in first
        last = f"/apvs/{apv.apv_code}/diff?section=0&from=300000"
        shown = reviewer.get(last, headers=headers).content.decode()
        assert "&lt;last&gt;" in shown
        assert "Show more lines" not in shown
        assert max(map(len, (page, first, shown))) < 400_000


def test_diff_is_given_as_it_came_for_other_tools(reviewer):
    apv = new_apv(patch_diff="+if admin\u202e:\r\n")
    answer = reviewer.get(f"/apvs/{apv.apv_code}.diff")
    assert answer.content.decode() == apv.patch_diff
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f'filename="{apv.apv_code}.diff"' in answer.headers["Content-Disposition"]


def test_view_of_the_diff_is_remembered(reviewer):
    apv = new_apv(patch_diff=DIFF)
    assert '<div id="diff" class="diff unified">' in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    reviewer.get(f"/apvs/{apv.apv_code}/diff?view=split&space=ignored")
    assert '<div id="diff" class="diff split">' in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))


def test_vector_and_weaknesses_are_spelled_out(reviewer):
    apv = new_apv(
        cvss_score=9.8,
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:L/A:N",
        cwe_ids=["CWE-79"],
    )
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    found = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page.partition("metrics")[2])
    assert dict(found[:8]) == {
        "Attack vector": "Network",
        "Attack complexity": "Low",
        "Privileges required": "None",
        "User interaction": "Required",
        "Scope": "Changed",
        "Confidentiality": "High",
        "Integrity": "Low",
        "Availability": "None",
    }
    assert ">CWE-79</a> Cross-site Scripting" in page


def test_wargame_is_shown_before_and_after(reviewer):
    apv = new_apv(
        wargame_verdict="partial",
        wargame_evidence={"exploits_before_patch": 8, "exploits_after_patch": 2, "tests_run": 40},
    )
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "<caption>Exploits</caption>" in page
    assert re.search(r'Before</th>.*width="100.0".*>8<.*After</th>.*width="25.0".*>2<', page, re.S)
    assert re.search(r"<dt>Tests run</dt><dd><bdi>40</bdi>", page)


# -- Who else is here -------------------------------------------------------------------------


def test_readers_are_told_of_each_other_until_they_leave_or_fall_silent(reviewer, lead):
    apv, other = new_apv(), new_apv()
    address = f"/apvs/{apv.apv_code}/reading"
    state = {"version": 1, "open": True, "status": "pending", "changes": 0}
    assert reviewer.post(address).json() == {**state, "others": []}
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    assert lead.post(f"/apvs/{other.apv_code}/reading").json()["others"] == []
    assert reviewer.post(address, {"left": ""}).status_code == 204
    assert lead.post(address).json()["others"] == []
    reviewer.post(address)
    Reading.objects.update(seen_at=timezone.now() - presence.FORGOTTEN)
    assert lead.post(address).json()["others"] == []
    assert presence.FORGOTTEN.total_seconds() + presence.BEAT_SECONDS < 15


def test_reader_has_left_with_the_last_tab(reviewer, lead):
    address = f"/apvs/{new_apv().apv_code}/reading"
    for tab in ("one", "two"):
        assert reviewer.post(address, {"tab": tab}).json()["others"] == []
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    reviewer.post(address, {"tab": "one", "left": ""})
    assert lead.post(address).json()["others"] == ["Rita Reviewer"]
    reviewer.post(address, {"tab": "two", "left": ""})
    assert lead.post(address).json()["others"] == []


@pytest.mark.parametrize("tab", ["x" * 37, "a b", "\0", "<b>", "é", "\n"])
@pytest.mark.parametrize("more", [{}, {"left": ""}])
def test_text_that_names_no_tab_is_refused(reviewer, tab, more):
    answer = reviewer.post(f"/apvs/{new_apv().apv_code}/reading", {"tab": tab, **more})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["tab"])
    assert not Reading.objects.exists()


# -- Deciding ---------------------------------------------------------------------------------


def test_decision_by_form_is_recorded_and_leads_back_to_the_queue(reviewer):
    apv = new_apv()
    answer = decide(reviewer, apv)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    decision = Decision.objects.get()
    assert (decision.decision, decision.reviewer_name) == ("approve", "Rita Reviewer")
    assert (decision.justification, decision.confidence) == (JUSTIFICATION, 0.9)
    assert codes_on(reviewer.get("/queue")) == []


@pytest.mark.parametrize(
    ("verb", "follows"),
    [
        ("approve", "pull request #7 is to be merged"),
        ("reject", "pull request #7 is to be closed, unmerged"),
        ("modify", "changes are requested"),
        ("escalate", "a lead is to decide"),
    ],
)
def test_page_claims_only_what_a_decision_asks_for(reviewer, verb, follows):
    apv = new_apv()
    form = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert follows.capitalize() in form
    decide(reviewer, apv, decision=verb, modifications="a: b" if verb == "modify" else "")
    link = f'<a href="/apvs/{apv.apv_code}">{apv.apv_code}</a>'
    assert f"Your decision on {link} is recorded: {verb} – {follows}." in text_of(reviewer.get("/"))
    record = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert follows in record
    for page in (form, record):
        assert not re.search(r"Merges|Closes|request merged|request closed", page)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("timeout: 3\n\nurl: https://example.com", {"timeout": "3", "url": "https://example.com"}),
        ('{"timeout": 3}', {"timeout": 3}),
    ],
)
def test_modifications_are_json_or_lines_of_key_and_value(reviewer, text, kept):
    assert decide(reviewer, new_apv(), decision="modify", modifications=text).status_code == 302
    assert Decision.objects.get().modifications == kept


def test_modifications_are_rows_of_key_and_value(reviewer):
    rows = {
        "modifications-key": ["timeout", "", "url"],
        "modifications-value": ["3", "", "https://example.com"],
    }
    assert decide(reviewer, new_apv(), decision="modify", **rows).status_code == 302
    assert Decision.objects.get().modifications == {"timeout": "3", "url": "https://example.com"}


def test_refused_rows_of_modifications_are_kept(reviewer):
    rows = {"modifications-key": ["", "a"], "modifications-value": ["<b>", "1"]}
    answer = decide(reviewer, new_apv(), decision="modify", **rows)
    assert answer.status_code == 400
    assert "Row 1: give it a key." in text_of(answer)
    assert 'name="modifications-value" value="&lt;b&gt;"' in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"justification": "  short  "}, "Write 10 to 5,000 characters."),
        ({"decision": ""}, "Choose one of approve, reject, modify, escalate, dismiss."),
        ({"decision": "merge"}, "Select a valid choice."),
        ({"decision": "modify"}, "Say what to change."),
        ({"modifications": "no colon"}, "Line 1: write it as key: value."),
        ({"modifications": "a: 1\na: 2"}, "Line 2: a is there twice."),
        ({"modifications": "{"}, "This is no JSON object"),
        ({"modifications": '{"a": "\\u0000"}'}, "Null characters are not allowed."),
        ({"modifications": '{"a":' * 90_000}, "This is no JSON object"),
        ({"confidence": "1.5"}, "Give a number from 0 to 1."),
        ({"confidence": "nan"}, "Enter a number."),
        ({"version": "x"}, "Enter a whole number."),
        ({"justification": "Null \0 characters here"}, "Null characters are not allowed."),
    ],
)
def test_refused_input_is_explained_and_the_draft_kept(reviewer, fields, reason):
    draft = {"justification": "My careful draft of a justification.", **fields}
    answer = decide(reviewer, new_apv(), **draft)
    assert answer.status_code == 400
    assert reason in text_of(answer)
    assert draft["justification"].strip() in text_of(answer)
    assert not Decision.objects.exists()


def test_nothing_is_recorded_before_the_question_was_answered(reviewer):
    apv = new_apv(wargame_verdict="partial", validation_warnings=["The lock file is stale."])
    asked = ask(reviewer, apv, confidence="0.75")
    page = text_of(asked)
    for shown in (
        f"Approve {apv.apv_code}?",
        "Pull request #7 is to be merged.",
        JUSTIFICATION,
        "Fairly sure, 75 %",
        "The wargame was a partial success only.",
        "The lock file is stale.",
        "The machine would decide otherwise: reject.",
    ):
        assert shown in page
    assert not Decision.objects.exists()


def test_question_says_that_the_reviewer_added_the_apv(reviewer):
    own, other = new_apv(submitted_by_id=int(reviewer.session["_auth_user_id"])), new_apv()
    assert "You added this APV yourself." in text_of(ask(reviewer, own))
    assert "You added this APV yourself." not in text_of(ask(reviewer, other))


@pytest.mark.parametrize(
    "changed",
    [
        {"decision": "escalate"},
        {"justification": f"{JUSTIFICATION} Or not."},
        {"confidence": "0.5"},
        {"confidence": ""},
        {"modifications": '{"a": "b"}'},
        {"question": ""},
        {"question": "a" * 64},
    ],
    ids=str,
)
def test_what_differs_from_the_question_is_refused_and_the_draft_kept(reviewer, changed):
    apv = new_apv()
    answer = fields_of(ask(reviewer, apv))
    refused = reviewer.post(f"/apvs/{apv.apv_code}", {**answer, **changed})
    assert refused.status_code == 409
    assert "This is not what the question showed, so nothing was recorded." in text_of(refused)
    assert JUSTIFICATION in text_of(refused)
    assert not Decision.objects.exists()


def test_answer_counts_for_its_own_apv_user_and_version_only(reviewer, lead):
    one, other = new_apv(), new_apv()
    answer = fields_of(ask(reviewer, one))
    assert reviewer.post(f"/apvs/{other.apv_code}", answer).status_code == 409
    assert lead.post(f"/apvs/{one.apv_code}", answer).status_code == 409
    APV.objects.filter(pk=one.pk).update(cve_title="Worse than thought")
    assert reviewer.post(f"/apvs/{one.apv_code}", {**answer, "version": 2}).status_code == 409
    assert not Decision.objects.exists()


def test_answer_that_comes_twice_is_recorded_once_and_told_twice(reviewer):
    apv = new_apv()
    answer = fields_of(ask(reviewer, apv))
    for _ in range(2):
        assert reviewer.post(f"/apvs/{apv.apv_code}", answer).status_code == 302
    assert Decision.objects.count() == 1


def test_going_back_from_the_question_keeps_what_was_written(reviewer):
    apv = new_apv()
    rows = {"modifications-key": ["a b"], "modifications-value": ["<c>\n"]}
    asked = fields_of(ask(reviewer, apv, decision="modify", confidence="0.5", **rows))
    page = reviewer.post(f"/apvs/{apv.apv_code}", {**asked, "back": "1"})
    assert page.status_code == 200
    assert "<h2>Not sent</h2>" not in text_of(page)
    assert JUSTIFICATION in text_of(page)
    assert re.search(r'value="modify"[^>]* checked', page.content.decode())
    assert re.search(r'name="confidence" value="0.5" checked', page.content.decode())
    assert 'name="modifications-key" value="a b"' in text_of(page)
    assert not Decision.objects.exists()


def test_confidence_is_never_filled_in(reviewer):
    apv = new_apv()
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    assert re.search(r'name="confidence" value="" checked> Not said', page)
    decide(reviewer, apv, confidence="")
    assert Decision.objects.get().confidence is None
    assert "confidence not said" in text_of(reviewer.get(f"/apvs/{apv.apv_code}"))


def test_apv_without_pull_request_is_dismissed(reviewer):
    apv, other = new_apv(pr_number=None), new_apv()
    assert decide(reviewer, apv, decision="dismiss").status_code == 302
    apv.refresh_from_db()
    assert apv.status == "dismissed"
    assert apv.apv_code in text_of(reviewer.get("/?status=decided&decision=dismiss"))
    assert 'type="radio" name="decision" value="dismiss"' not in text_of(
        reviewer.get(f"/apvs/{other.apv_code}")
    )
    refused = decide(reviewer, other, decision="dismiss")
    assert refused.status_code == 400
    assert "reject it, which closes that" in text_of(refused)


@pytest.mark.parametrize(
    ("fields", "opinion"),
    [
        ({}, ""),
        ({"validation_warnings": [osv.ILLUSTRATIVE]}, ""),
        ({"wargame_verdict": "success"}, "Reject"),
        ({"validation_passed": True}, "Reject"),
        ({"wargame_verdict": "success", "validation_passed": True}, "Approve"),
    ],
    ids=str,
)
def test_machine_has_no_opinion_where_nothing_was_run(reviewer, fields, opinion):
    apv = new_apv(**fields)
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    shown = re.findall(r"<dt>The machine would</dt><dd><span[^>]*>([^<]*)<", page)
    assert shown == ([opinion] if opinion else [])
    decide(reviewer, apv)
    said = Decision.objects.get().recommendation
    assert said == (opinion.lower() or None)


def test_everything_wrong_is_said_at_once(reviewer):
    page = text_of(decide(reviewer, new_apv(), decision="", justification="short", confidence="2"))
    for name in ("decision", "justification", "confidence"):
        assert f'id="id_{name}_error"' in page


def test_error_stands_at_its_field(reviewer):
    page = decide(reviewer, new_apv(), justification="short").content.decode()
    assert re.search(r'<ul class="errorlist" id="id_justification_error">', page)
    assert re.search(r'<textarea[^>]*name="justification"[^>]*aria-invalid="true"', page)


def test_apv_without_pull_request_cannot_be_approved(reviewer):
    apv = new_apv(pr_number=None)
    page = reviewer.get(f"/apvs/{apv.apv_code}").content.decode()
    for verb, action in (("approve", "merge"), ("reject", "close")):
        assert re.search(rf'value="{verb}"[^>]* disabled', page)
        assert f"Not possible: this APV has no pull request to {action}" in page
    answer = decide(reviewer, apv)
    assert answer.status_code == 400
    assert f"{apv.apv_code} has no pull request to approve." in text_of(answer)


@pytest.mark.parametrize(
    "fields",
    [
        {"modifications": '{"version": "\\ud800"}'},
        {"modifications": '{"\\udfff": "1.2.3"}'},
        {"seen": '{"severity": "\\ud800"}', "version": 9},
        {"since": '{"package_name": "x\\udc00y"}'},
    ],
)
def test_half_a_character_in_what_is_sent_back_is_answered(reviewer, fields):
    answer = ask(reviewer, new_apv(), **fields)
    assert answer.status_code in {200, 400, 409}


@pytest.mark.parametrize(
    "sent", ['{"version": "2.33.0"}', "version: 2.33.0", '{"line": [7]}', "[]"]
)
def test_draft_that_comes_too_late_shows_the_modifications_it_had(reviewer, lead, sent):
    apv = new_apv()
    assert decide(lead, apv).status_code == 302
    text = text_of(ask(reviewer, apv, decision="modify", modifications=sent))
    assert "Your draft, not sent" in text
    kept = text.partition("Your draft, not sent")[2]
    assert "2.33.0" in kept if "2.33" in sent else sent in kept


def test_second_decision_is_a_409_that_names_the_first_and_keeps_the_draft(reviewer, lead):
    apv = new_apv()
    decide(lead, apv)
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 409
    assert f"{apv.apv_code} was decided already: approve by Lena Lead" in text_of(answer)
    assert "My careful draft of a justification." in text_of(answer)
    assert Decision.objects.count() == 1


def test_apv_changed_meanwhile_is_a_409_that_can_be_sent_again(reviewer):
    apv = new_apv()
    APV.objects.filter(pk=apv.pk).update(cve_title="Worse than thought")
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 409
    assert "it is at version 2" in text_of(answer)
    assert "Worse than thought" in text_of(answer)
    assert "My careful draft of a justification." in text_of(answer)
    assert re.search(r'name="version" value="2"', answer.content.decode())
    assert not Decision.objects.exists()


def seen_on(answer) -> str:
    """Return the page's summary of the APV that it shows."""
    found = re.search(r'name="seen" value="([^"]*)"', answer.content.decode())
    assert found
    return html.unescape(found[1])


def test_refusal_of_a_changed_apv_shows_what_changed(reviewer):
    apv = new_apv(severity="LOW", cve_description="a" * 500)
    seen = seen_on(reviewer.get(f"/apvs/{apv.apv_code}"))
    APV.objects.filter(pk=apv.pk).update(severity="HIGH", cve_description="b" * 500)
    answer = decide(reviewer, apv, seen=seen)
    assert answer.status_code == 409
    shown = text_of(answer).partition("This APV changed while you read it")[2]
    assert re.search(r"<dt>Severity</dt><dd><del><bdi>low</bdi></del> → <ins><bdi>high<", shown)
    assert "<dt>Description</dt><dd>changed</dd>" in shown
    again = decide(reviewer, apv, seen=seen_on(answer), version=2)
    assert again.status_code == 302


@pytest.mark.parametrize("seen", ["", "x", "[]", "{}", '{"severity": 1}', "[" * 100_000])
def test_unreadable_note_of_what_was_seen_does_no_harm(reviewer, seen):
    apv = new_apv()
    APV.objects.filter(pk=apv.pk).update(cve_title="Worse than thought")
    assert decide(reviewer, apv, seen=seen).status_code == 409
    assert reviewer.post(f"/apvs/{apv.apv_code}/changes", {"seen": seen}).status_code == 200


def test_escalated_apv_is_decided_by_leads_only(reviewer, lead):
    apv = new_apv()
    decide(reviewer, apv, decision="escalate")
    apv.refresh_from_db()
    page = text_of(reviewer.get(f"/apvs/{apv.apv_code}"))
    assert "Escalated: only leads decide on it." in page
    assert "How sure are you?" not in page
    answer = decide(reviewer, apv, justification="My careful draft of a justification.")
    assert answer.status_code == 403
    assert "My careful draft of a justification." in text_of(answer)
    assert "Send the decision" in text_of(lead.get(f"/apvs/{apv.apv_code}"))
    assert decide(lead, apv).status_code == 302


def test_observer_reads_and_sees_no_form(observer):
    apv = new_apv()
    page = text_of(observer.get(f"/apvs/{apv.apv_code}"))
    assert apv.apv_code in page
    assert "How sure are you?" not in page
    answer = decide(observer, apv)
    assert answer.status_code == 403
    assert "You may read APVs, but not decide on them." in text_of(answer)


def test_form_needs_its_csrf_token():
    client = Client(enforce_csrf_checks=True)
    user = User.objects.create_user("rita")
    user.groups.add(Group.objects.get(name="reviewers"))
    client.force_login(user)
    answer = decide(client, new_apv())
    assert answer.status_code == 403
    assert "This page was out of date" in text_of(answer)
