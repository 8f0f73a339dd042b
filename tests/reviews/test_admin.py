"""What staff can and cannot do in the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from accounts.credentials import jwt
from accounts.credentials.api_token import issue_token
from accounts.models import SignIn
from realtime.models import Event
from reviews import services
from reviews.models import APV, Decision
from tests.support.forms import fields_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    """A client signed in as a superuser, who has all permissions."""
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "x"))
    return client


@pytest.fixture
def one() -> APV:
    return APV.objects.create(**apv(patch_diff="-old <b>\n+new <script>alert(1)</script>\n"))


@pytest.fixture
def decided(staff: Client, one: APV) -> Decision:
    root = get_user_model().objects.get(username="root")
    return services.decide(
        apv_id=one.pk, decision="approve", justification="Looked at closely.", reviewer=root
    )


def url(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def test_apvs_are_listed_filtered_and_searched(staff: Client, one: APV) -> None:
    for query in (
        "",
        "?severity=HIGH",
        "?q=requests",
        "?status__exact=pending",
        "?q=CVE-2023-32681",
    ):
        assert one.apv_code in staff.get(url(APV, "changelist") + query).content.decode()
    assert one.apv_code not in staff.get(url(APV, "changelist") + "?q=absent").content.decode()


def test_diff_is_shown_in_colours_and_as_text(staff: Client, one: APV) -> None:
    page = staff.get(url(APV, "change", one.pk)).content.decode()
    assert '<span class="gi">' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


def test_decide_calls_the_service(staff: Client, one: APV) -> None:
    page = url(APV, "decide", one.pk)
    assert staff.get(page).status_code == 200
    form = {
        "decision": "reject",
        "justification": "The bump breaks the API.",
        "confidence": "0.8",
        "version": "1",
    }
    asked = staff.post(page, form)
    assert not Decision.objects.exists()
    shown = asked.content.decode()
    assert f"Reject {one.apv_code}?" in shown
    assert "The bump breaks the API." in shown
    answer = fields_of(asked)
    other = staff.post(page, {**answer, "decision": "escalate"})
    assert "not what the question showed" in other.content.decode()
    assert not Decision.objects.exists()
    assert staff.post(page, answer).status_code == 302
    decision = Decision.objects.get(apv=one)
    assert (decision.decision, decision.confidence) == ("reject", 0.8)
    assert decision.reviewer.username == "root"
    one.refresh_from_db()
    assert one.status == "rejected"
    assert Event.objects.filter(channel="decisions").count() == 1


def test_refused_decision_is_shown_with_the_draft(staff: Client, one: APV) -> None:
    form = {"decision": "modify", "justification": "short", "confidence": "1", "version": "1"}
    page = staff.post(url(APV, "decide", one.pk), form).content.decode()
    assert "Write 10 to 5,000 characters." in page
    assert "short</textarea>" in page
    assert not Decision.objects.exists()


def test_decided_apv_cannot_be_decided_again_or_edited(staff: Client, decided: Decision) -> None:
    form = {"decision": "reject", "justification": "On second thoughts.", "confidence": "1"}
    answer = staff.post(url(APV, "decide", decided.apv_id), {**form, "version": "2"})
    assert "was decided already" in answer.content.decode()
    assert staff.post(url(APV, "change", decided.apv_id), {"severity": "LOW"}).status_code == 403


def test_staff_without_the_permission_cannot_decide(client: Client, one: APV) -> None:
    user = get_user_model().objects.create_user("clerk", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_apv"))
    client.force_login(user)
    assert client.get(url(APV, "change", one.pk)).status_code == 200
    assert client.get(url(APV, "decide", one.pk)).status_code == 403


def test_no_page_edits_or_deletes_a_decision(staff: Client, decided: Decision) -> None:
    assert staff.get(url(Decision, "change", decided.pk)).status_code == 200
    assert (
        staff.post(url(Decision, "change", decided.pk), {"decision": "reject"}).status_code == 403
    )
    assert staff.post(url(Decision, "delete", decided.pk), {"post": "yes"}).status_code == 403
    assert staff.get(url(Decision, "add")).status_code == 403
    assert staff.post(url(APV, "delete", decided.apv_id), {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [str(decided.pk)], "post": "yes"}
    staff.post(url(Decision, "changelist"), bulk)
    assert Decision.objects.get() == decided


def test_events_are_read_only(staff: Client, one: APV) -> None:
    event = Event.objects.get()
    assert "new_apv" in staff.get(url(Event, "changelist")).content.decode()
    assert one.apv_code in staff.get(url(Event, "change", event.pk)).content.decode()
    for page in (url(Event, "change", event.pk), url(Event, "delete", event.pk), url(Event, "add")):
        assert staff.post(page, {"post": "yes"}).status_code == 403


def test_apv_added_in_the_admin_is_told(staff: Client) -> None:
    empty = {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    form = {
        "severity": "LOW",
        "package_name": "left-pad",
        "patch_strategy": "version_bump",
        **empty,
    }
    answer = staff.post(url(APV, "add"), {**form, "cwe_ids": "CWE-79,CWE-20"})
    assert answer.status_code == 302, answer.context["errors"]
    added = APV.objects.get(package_name="left-pad")
    assert (added.cve_id, added.priority, added.cwe_ids) == (None, 2, ["CWE-79", "CWE-20"])
    assert added.apv_code in Event.objects.get(channel="apvs").message


def test_edit_in_the_admin_raises_the_version(staff: Client, one: APV) -> None:
    empty = {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    form = {"apv_code": one.apv_code, "severity": "LOW", "package_name": "requests", "priority": 1}
    answer = staff.post(
        url(APV, "change", one.pk), {**form, "patch_strategy": "version_bump", **empty}
    )
    assert answer.status_code == 302, answer.context["errors"]
    one.refresh_from_db()
    assert (one.severity, one.version, one.patch_diff[:4]) == ("LOW", 2, "-old")


def test_token_made_in_the_admin_is_shown_once_and_opens_the_api(staff: Client) -> None:
    user = get_user_model().objects.create_user("pipeline")
    form = {"user": user.pk, "days": "30"}
    answer = staff.post(url(AuthToken, "add"), form)
    shown = re.search(r'<pre id="token">(hitl_\w{64})</pre>', answer.content.decode())
    assert shown
    assert "no-store" in answer.headers["Cache-Control"]
    assert shown[1] not in str(staff.cookies)
    opened = Client(headers={"Authorization": f"Bearer {shown[1]}"})
    assert opened.get("/hitl/apvs").status_code == 403  # the user is known, and has no rights
    row = AuthToken.objects.get()
    for page in (url(AuthToken, "changelist"), url(AuthToken, "change", row.pk)):
        text = staff.get(page).content.decode()
        assert shown[1][:15] in text
        assert shown[1] not in text
    assert staff.post(url(AuthToken, "change", row.pk), form).status_code == 403


def test_token_deleted_in_the_admin_opens_nothing_any_more(staff: Client) -> None:
    row, secret = issue_token(get_user_model().objects.get(username="root"), days=1)
    opened = Client(headers={"Authorization": f"Bearer {secret}"})
    assert opened.get("/hitl/apvs").status_code == 200
    assert staff.post(url(AuthToken, "delete", row.pk), {"post": "yes"}).status_code == 302
    assert opened.get("/hitl/apvs").status_code == 401


def test_sign_in_of_a_program_is_ended_in_the_admin(staff: Client) -> None:
    access, _ = jwt.sign_in(get_user_model().objects.get(username="root"))
    opened = Client(headers={"Authorization": f"Bearer {access}"})
    assert opened.get("/hitl/apvs").status_code == 200
    row = SignIn.objects.get()
    assert "root" in staff.get(url(SignIn, "changelist")).content.decode()
    assert row.auth_hash not in staff.get(url(SignIn, "change", row.pk)).content.decode()
    assert staff.post(url(SignIn, "delete", row.pk), {"post": "yes"}).status_code == 302
    assert opened.get("/hitl/apvs").status_code == 401
