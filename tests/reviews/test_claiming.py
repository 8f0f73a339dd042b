"""Claims and assignments: who works on an APV, through the services, REST and the pages."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Entry
from realtime.models import Event
from reviews import claims, services
from reviews.errors import ClaimedByAnother, InvalidInput, NotAllowed
from reviews.models import APV, Assignment, Claim, Notice
from reviews.services import claiming
from tests.support.effect_rows import member
from tests.support.in_process import new_apv, signed_in
from tests.support.pages import JUSTIFICATION, ask, decide, plain_text_of, text_of
from tests.support.people import new_user
from tests.support.site import Server, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> User:
    return member("reviewers", "Rita Reviewer")


@pytest.fixture
def rui() -> User:
    return member("reviewers", "Rui Reis")


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")


def told(kind: str = "claim_changed") -> list[Any]:
    """Return the messages of a kind, in their order."""
    events = Event.objects.filter(channel="changes").order_by("offset")
    return [json.loads(one.message) for one in events if one.type == kind]


def test_one_has_an_apv_and_the_other_is_told_who(rita: User, rui: User) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    with pytest.raises(ClaimedByAnother, match=f"Rita Reviewer has claimed {apv.apv_code}"):
        services.claim(apv_id=apv.pk, by=rui)
    [message] = told()
    assert message["what"] == "claimed"
    assert (message["claimed_by"], message["claimed_by_name"]) == (rita.username, "Rita Reviewer")
    assert Entry.objects.filter(action="claimed", actor=rita.username).count() == 1


def test_own_claim_is_renewed_without_telling_anybody(rita: User, settings: Any) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    Claim.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
    services.renew(apv, rita)
    left = Claim.objects.get().expires_at - timezone.now()
    assert left > timedelta(minutes=settings.HITL_CLAIM_MINUTES - 1)
    assert len(told()) == 1


def test_renewal_writes_once_a_minute_and_brings_no_ended_claim_back(rita: User) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    before = Claim.objects.get().expires_at
    services.renew(apv, rita)
    assert Claim.objects.get().expires_at == before
    Claim.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    services.renew(apv, rita)
    assert claims.claim_of(apv) is None


def test_claim_whose_time_is_over_counts_for_nobody_and_the_job_tells(
    rita: User, rui: User
) -> None:
    over, current = new_apv(), new_apv()
    for apv in (over, current):
        services.claim(apv_id=apv.pk, by=rita)
    Claim.objects.filter(apv=over).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert claims.claim_of(over) is None
    assert claiming.expire() == 1
    assert [(one["what"], one["previous"]) for one in told()][2:] == [("expired", rita.username)]
    assert claiming.expire() == 0
    services.claim(apv_id=over.pk, by=rui)


def test_claim_is_taken_over_with_a_word_that_its_user_is_told(rita: User, rui: User) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    for reason in ("", " ", "x", "x" * 201):
        with pytest.raises(InvalidInput) as error:
            services.take_over(apv_id=apv.pk, by=rui, reason=reason)
        assert list(error.value.errors) == ["reason"]
    services.take_over(apv_id=apv.pk, by=rui, reason="I know this package.")
    assert told()[-1] | {"timestamp": "", "offset": 0} == {
        "type": "claim_changed",
        "timestamp": "",
        "offset": 0,
        "apv_id": str(apv.pk),
        "apv_code": apv.apv_code,
        "what": "taken_over",
        "claimed_by": rui.username,
        "claimed_by_name": "Rui Reis",
        "previous": rita.username,
        "reason": "I know this package.",
        "channel": "changes",
    }
    notice = Notice.objects.get(user=rita)
    assert (notice.kind, notice.by_name, notice.text) == (
        *("taken_over", "Rui Reis"),
        "I know this package.",
    )


def test_lead_takes_over_without_a_word(rita: User, lena: User) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    services.take_over(apv_id=apv.pk, by=lena, reason="")
    assert Claim.objects.get().user == lena


def test_only_its_user_releases_a_claim(rita: User, rui: User) -> None:
    apv = new_apv()
    services.release(apv_id=apv.pk, by=rui)  # nobody has it, which is what was wanted
    services.claim(apv_id=apv.pk, by=rita)
    with pytest.raises(ClaimedByAnother):
        services.release(apv_id=apv.pk, by=rui)
    services.release(apv_id=apv.pk, by=rita)
    assert [one["what"] for one in told()] == ["claimed", "released"]
    assert not Claim.objects.exists()


@pytest.mark.parametrize("kind", ["approve", "reject", "escalate"])
def test_decision_of_anybody_ends_the_claim_and_needs_none(
    rita: User, rui: User, kind: str
) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    services.decide(apv_id=apv.pk, reviewer=rui, decision=kind, justification=JUSTIFICATION)
    assert [one["what"] for one in told()] == ["claimed", "released"]


def test_nobody_claims_what_they_may_not_decide(rita: User, lena: User, settings: Any) -> None:
    settings.HITL_SUBMITTER_MAY_DECIDE = False
    observer, own = member("observers", "Olga Observer"), new_apv(submitted_by=rita)
    escalated, closed = new_apv(status="escalated"), new_apv(status="approved")
    with pytest.raises(NotAllowed):
        services.claim(apv_id=own.pk, by=observer)
    with pytest.raises(NotAllowed):
        services.claim(apv_id=own.pk, by=rita)
    with pytest.raises(NotAllowed):
        services.claim(apv_id=escalated.pk, by=rita)
    with pytest.raises(InvalidInput):
        services.claim(apv_id=closed.pk, by=lena)
    services.claim(apv_id=escalated.pk, by=lena)


def test_next_gives_the_gravest_that_nobody_else_has(rita: User, rui: User) -> None:
    low, critical, high = (new_apv(severity=one) for one in ("LOW", "CRITICAL", "HIGH"))
    rows = APV.objects.pending().order_by("-priority", "created_at")
    services.claim(apv_id=critical.pk, by=rui)
    found = [services.claim_next(by=rita, rows=rows.exclude(pk=high.pk)), None]
    assert found[0] is not None
    assert found[0].apv_id == low.pk
    assert services.claim_next(by=rita, rows=rows).apv_id == high.pk  # type: ignore[union-attr]
    rest = rows.exclude(pk__in=[low.pk, high.pk])
    assert services.claim_next(by=rita, rows=rest) is None


def test_page_left_for_another_apv_releases_and_a_hidden_one_does_not(rita: User) -> None:
    apv, client = new_apv(), signed_in(rita)
    address = f"/apvs/{apv.apv_code}"
    client.post(f"{address}/claim")
    client.post(f"{address}/reading", {"tab": "one"})
    client.post(f"{address}/reading", {"tab": "one", "left": ""})
    assert claims.claim_of(apv) is not None
    client.post(f"{address}/reading", {"tab": "two"})
    client.post(f"{address}/reading", {"tab": "one", "left": "apv"})
    assert claims.claim_of(apv) is not None  # it is open in the other tab
    client.post(f"{address}/reading", {"tab": "two", "left": "apv"})
    assert claims.claim_of(apv) is None


def test_closed_page_keeps_a_claim_for_as_long_as_loading_it_again_takes(rita: User) -> None:
    apv, client = new_apv(), signed_in(rita)
    address = f"/apvs/{apv.apv_code}"
    client.post(f"{address}/claim")
    client.post(f"{address}/reading", {"tab": "one", "left": "page"})
    assert Claim.objects.get().expires_at <= timezone.now() + claiming.GRACE
    client.post(f"{address}/reading", {"tab": "two"})
    assert Claim.objects.get().expires_at > timezone.now() + claiming.GRACE


def test_without_scripts_one_claims_takes_over_and_goes_on_by_forms(rita: User, rui: User) -> None:
    apv, other = new_apv(severity="CRITICAL"), new_apv()
    address, ritas, ruis = f"/apvs/{apv.apv_code}", signed_in(rita), signed_in(rui)
    assert ritas.post(f"{address}/claim", follow=True).status_code == 200
    assert "You have it" in text_of(ritas.get(address))
    assert "Rita Reviewer has it" in plain_text_of(ruis.get(address))
    refused = ruis.post(f"{address}/claim", follow=True)
    assert f"Rita Reviewer has claimed {apv.apv_code}" in text_of(refused)
    gone_on = ruis.post("/queue/next", follow=True)
    assert gone_on.redirect_chain[0][0] == f"/apvs/{other.apv_code}"
    ruis.post(f"{address}/claim/take-over", {"reason": "Mine, please."})
    assert Claim.objects.get(apv=apv).user == rui
    assert "Claimed by" in text_of(ritas.get("/"))


def test_who_decides_on_anothers_claim_is_told_before(rita: User, rui: User) -> None:
    apv = new_apv()
    services.claim(apv_id=apv.pk, by=rita)
    client = signed_in(rui)
    assert "Rita Reviewer has claimed it" in text_of(ask(client, apv))
    assert "has claimed it" not in text_of(ask(signed_in(rita), apv))
    decide(client, apv)
    apv.refresh_from_db()
    assert apv.status == "approved"


# -- Assignment -----------------------------------------------------------------------------------


def test_apv_is_assigned_to_a_person_who_is_told_or_to_a_group(rita: User, rui: User) -> None:
    apv = new_apv()
    services.assign(apv_id=apv.pk, by=rita, user=rui.username)
    services.assign(apv_id=apv.pk, by=rita, user=rui.username)  # once more changes nothing
    assert Notice.objects.get(user=rui).kind == "assigned"
    services.assign(apv_id=apv.pk, by=rita, group="leads")
    services.assign(apv_id=apv.pk, by=rita)
    messages = told("assignment_changed")
    assert [(one["assigned_to"], one["group"], one["assigned_to_name"]) for one in messages] == [
        (rui.username, "", "Rui Reis"),
        ("", "leads", "leads"),
        ("", "", ""),
    ]
    assert Entry.objects.filter(action="assigned").count() == 3
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"user": "nobody-here"}, "user"),
        ({"group": "no-such-group"}, "group"),
        ({"user": "OBSERVER"}, "user"),
    ],
)
def test_apv_is_assigned_only_to_those_who_can_decide(
    rita: User, named: dict[str, str], field: str
) -> None:
    observer = member("observers", "Olga Observer")
    given = {name: value.replace("OBSERVER", observer.username) for name, value in named.items()}
    with pytest.raises(InvalidInput) as error:
        services.assign(apv_id=new_apv().pk, by=rita, **given)
    assert list(error.value.errors) == [field]


def test_what_one_is_told_by_name_stays_listed_until_it_is_read(rita: User, rui: User) -> None:
    apv, client = new_apv(), signed_in(rita)
    services.claim(apv_id=apv.pk, by=rita)
    services.take_over(apv_id=apv.pk, by=rui, reason="<b>Mine</b>, please.")
    services.assign(apv_id=apv.pk, by=rui, user=rita.username)
    page = client.get("/notices").content.decode()
    assert "Rui Reis</bdi> took it over from you" in page
    assert "&lt;b&gt;Mine&lt;/b&gt;, please." in page
    assert "Rui Reis</bdi> assigned it to you" in page
    assert "2 are unread." in page
    assert 'href="/notices"><span class="to-attention-words">For you </span>' in text_of(
        client.get("/")
    )
    assert "Nobody has told you anything yet." in text_of(signed_in(rui).get("/notices"))
    signed_in(rui).post("/notices")
    assert Notice.objects.unread().count() == 2  # nobody reads for another
    client.post("/notices")
    assert not Notice.objects.unread().exists()


def test_without_scripts_one_assigns_by_a_form(rita: User, rui: User) -> None:
    apv, client = new_apv(), signed_in(rita)
    address = f"/apvs/{apv.apv_code}"
    assert "Rui Reis" in text_of(client.get(f"{address}/assign"))
    client.post(f"{address}/assign", {"to": f"user:{rui.username}"})
    assert "Assigned to Rui Reis" in plain_text_of(client.get(address))
    assert "Assigned to" in text_of(client.get("/"))
    client.post(f"{address}/assign", {"to": ""})
    assert not Assignment.objects.exists()
    assert "Nobody who may decide" in text_of(
        client.post(f"{address}/assign", {"to": "user:nope"}, follow=True)
    )


def test_list_with_claims_takes_as_many_queries_as_one_without(rita: User, rui: User) -> None:
    client, apvs = signed_in(rita), [new_apv() for _ in range(8)]
    client.get("/queue")
    with CaptureQueriesContext(connection) as without:
        client.get("/queue")
    for apv in apvs:
        services.claim(apv_id=apv.pk, by=rui)
        services.assign(apv_id=apv.pk, by=rui, group="leads")
    with CaptureQueriesContext(connection) as with_claims:
        client.get("/queue")
    assert len(with_claims) == len(without)


# -- Over REST, at once ---------------------------------------------------------------------------


@pytest.mark.server
def test_of_ten_who_claim_at_once_one_gets_it_and_the_others_learn_who(
    server: Server, site: Site
) -> None:
    apv_id = server.add_apv()["apv_id"]
    clients = [server.client(new_user(site)) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda one: one.post(f"/hitl/apvs/{apv_id}/claim"), clients))
    [got] = [one.json() for one in answers if one.status_code == 200]
    refused = [one.json() for one in answers if one.status_code == 409]
    assert len(refused) == 9
    assert {one["claim"]["username"] for one in refused} == {got["username"]}
    assert server.client().get(f"/hitl/apvs/{apv_id}/claim").json() == got


@pytest.mark.server
def test_of_ten_who_ask_for_the_next_at_once_each_gets_another_one(
    server: Server, site: Site
) -> None:
    ecosystem = "next-at-once"
    added = {server.add_apv(package_ecosystem=ecosystem)["apv_code"] for _ in range(10)}
    clients = [server.client(new_user(site)) for _ in range(10)]

    def go_on(client: Any) -> str:
        page = client.get("/").text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        headers = {"Accept": "application/json", "X-CSRFToken": token, "Referer": server.origin}
        answer = client.post(f"/queue/next?package_ecosystem={ecosystem}", headers=headers)
        return str(answer.json()["code"])

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(go_on, clients)) == sorted(added)


@pytest.mark.server
def test_rest_names_field_and_reason_of_what_is_refused(server: Server) -> None:
    apv_id = server.add_apv()["apv_id"]
    address, client = f"/hitl/apvs/{apv_id}/assignment", server.client()
    assert client.put(address, json={}).json()["errors"].keys() == {"user"}
    both = client.put(address, json={"user": "reviewer", "group": "leads"})
    assert both.json()["errors"].keys() == {"group"}
    assert client.put(address, json={"user": "lead"}).json()["name"] == "Lena Lead"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    client.post(f"/hitl/apvs/{apv_id}/claim")
    taken = server.client("lead").post(f"/hitl/apvs/{apv_id}/claim")
    assert taken.status_code == 409
    mine = server.client("lead").post(f"/hitl/apvs/{apv_id}/claim", json={"take_over": True})
    assert mine.json()["name"] == "Lena Lead"
    assert client.delete(f"/hitl/apvs/{apv_id}/claim").status_code == 409
