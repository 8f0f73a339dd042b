"""What the audit records."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import translation
from knox.models import AuthToken

from audit import entries
from audit.choices import AuditAction
from audit.models import Entry
from reviews import services
from reviews.models import APV
from tests.support.forms import fields_of
from tests.support.site import PASSWORD, Server, Site, apv, decision, sign_in

Row = dict[str, Any]
COLUMNS = "sequence, actor, source, action, object, details, address, request_id"


def recorded(site: Site, since: int = 0, **fields: Any) -> list[Row]:
    sql = f"SELECT {COLUMNS} FROM audit_entry WHERE sequence > %s ORDER BY sequence"
    rows = [dict(zip(COLUMNS.split(", "), row, strict=True)) for row in site.rows(sql, since)]
    found = [{**row, "details": json.loads(row["details"])} for row in rows]
    return [row for row in found if fields.items() <= row.items()]


def top(site: Site) -> int:
    return int(site.rows("SELECT sequence FROM audit_head")[0][0])


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


@pytest.fixture
def since(site: Site) -> int:
    """Return the end of the audit before the test."""
    return top(site)


# -- What is recorded -------------------------------------------------------------------------


def test_signing_in_and_out_is_recorded(server: Server, site: Site, since: int) -> None:
    with httpx.Client(base_url=server.origin) as client:
        sign_in(client, "reviewer")
        answer = client.post("/sign-out", headers={"Referer": server.origin})
    signed_in, signed_out = recorded(site, since)
    assert (signed_in["action"], signed_in["actor"]) == ("signed_in", "reviewer")
    assert (signed_in["source"], signed_in["address"]) == ("console", "127.0.0.1")
    assert (signed_out["action"], signed_out["actor"]) == ("signed_out", "reviewer")
    assert signed_out["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("page", "source"), [("/sign-in", "console"), ("/admin/login/", "admin")], ids=str
)
def test_failed_sign_in_is_recorded_without_what_was_typed(
    server: Server, site: Site, since: int, page: str, source: str
) -> None:
    typed = f"secret-{uuid.uuid4()}"
    with httpx.Client(base_url=server.origin) as client:
        token = {"csrfmiddlewaretoken": client.get(page).cookies["csrftoken"]}
        for name in ("lead", typed):
            form = {"username": name, "password": typed, **token}
            client.post(page, data=form, headers={"Referer": server.origin})
    known, unknown = recorded(site, since, action="sign_in_failed", source=source)
    assert (known["object"], known["actor"]) == ("user lead", "")
    assert unknown["object"] == "unknown user"
    assert site.rows("SELECT 1 FROM audit_entry e WHERE e::text LIKE %s", f"%{typed}%") == []


@pytest.mark.parametrize("name", ["decisions.csv", "decisions.jsonl"])
def test_export_is_recorded_with_what_was_asked_for(
    server: Server, site: Site, since: int, name: str
) -> None:
    assert server.client("lead").get(f"/{name}", params={"severity": "LOW"}).status_code == 200
    [entry] = recorded(site, since, action="exported", object=name)
    assert (entry["source"], entry["actor"]) == ("console", "lead")
    assert entry["details"] == {"asked": "severity=LOW"}


def test_export_that_is_fetched_again_and_again_is_recorded_once(
    server: Server, site: Site, since: int
) -> None:
    for path in ("/decisions.csv?severity=MEDIUM", "/decisions.csv?severity=MEDIUM&junk=1") * 3:
        assert server.client("lead").get(path).status_code == 200
    assert server.client("lead").head("/decisions.csv?search=head").status_code == 200
    assert server.client("admin").get("/decisions.csv?severity=MEDIUM").status_code == 200
    assert server.client("lead").get("/decisions.csv?severity=HIGH").status_code == 200
    found = recorded(site, since, action="exported", object="decisions.csv")
    told = [(entry["actor"], entry["details"]["asked"]) for entry in found]
    medium = "severity=MEDIUM"
    assert told == [("lead", medium), ("admin", medium), ("lead", "severity=HIGH")]


def test_export_fills_no_audit_with_what_its_address_says(
    server: Server, site: Site, since: int
) -> None:
    for tail in ("x", "y"):
        path = f"/decisions.csv?search={'z' * 20_000}{tail}"
        assert server.client("lead").get(path).status_code == 200
    [entry] = recorded(site, since, action="exported", object="decisions.csv")
    assert entry["details"]["asked"] == f"search={'z' * 993}…"


def test_decisions_are_recorded_with_their_source(server: Server, site: Site, since: int) -> None:
    ways = {"rest": by_rest, "console": by_console, "admin": by_admin}
    added = {source: server.add_apv() for source in ways}
    for source, decide in ways.items():
        decide(server, added[source])
        [entry] = recorded(site, since, action="decided", object=added[source]["apv_code"])
        assert (entry["source"], entry["actor"]) == (source, "admin")
        made = site.rows(
            "SELECT decision, decision_id::text, reviewer_name FROM reviews_decision"
            " WHERE apv_id = %s",
            added[source]["apv_id"],
        )
        details = entry["details"]
        told = (details["decision"], details["decision_id"], details["reviewer_name"])
        assert made == [told]


def by_rest(server: Server, added: Row) -> None:
    assert server.decide(added["apv_id"], user="admin").status_code == 200


def by_console(server: Server, added: Row) -> None:
    send_form(server, f"/apvs/{added['apv_code']}")


def by_admin(server: Server, added: Row) -> None:
    send_form(server, f"/admin/reviews/apv/{added['apv_id']}/decide/")


def send_form(server: Server, page: str) -> None:
    client = server.client("admin")
    form = {"decision": "escalate", "justification": "A lead should look.", "confidence": "1"}
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"], "version": "1"}
    origin = {"Referer": server.origin}
    asked = client.post(page, data={**form, **token}, headers=origin)
    answer = client.post(page, data={**fields_of(asked), **token}, headers=origin)
    assert answer.status_code == 302, answer.text


def test_added_and_changed_apvs_are_recorded(server: Server, site: Site, since: int) -> None:
    [one, two] = server.post("/hitl/apvs", [apv(), apv()], user="pipeline").json()
    site.manage("import_apvs", "-", stdin=json.dumps(apv(patch_diff=str(uuid.uuid4()))))
    client = server.client("admin")
    form = {"apv_code": one["apv_code"], "severity": "LOW", "package_name": "x"}
    form |= {"patch_strategy": "version_bump", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    form |= {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    page = f"/admin/reviews/apv/{one['apv_id']}/change/"
    assert client.post(page, data=form, headers={"Referer": server.origin}).status_code == 302
    by_rest, by_command, by_admin = recorded(site, since)
    assert (by_rest["action"], by_rest["actor"], by_rest["source"]) == (
        "apvs_added",
        "pipeline",
        "rest",
    )
    assert by_rest["details"]["codes"] == [one["apv_code"], two["apv_code"]]
    assert (by_command["action"], by_command["source"]) == ("apvs_added", "command")
    assert by_command["actor"]
    assert (by_admin["action"], by_admin["actor"]) == ("apv_changed", "admin")
    assert "severity" in by_admin["details"]["fields"]


def test_refused_decision_leaves_no_entry(server: Server, site: Site) -> None:
    added = server.add_apv()
    server.decide(added["apv_id"])
    before = top(site)
    assert server.decide(added["apv_id"]).status_code == 409
    assert server.decide(server.add_apv()["apv_id"], justification="short").status_code == 400
    assert recorded(site, before, action="decided") == []


def test_many_writers_leave_one_chain_without_gaps(server: Server, site: Site) -> None:
    apvs = [server.add_apv() for _ in range(24)]
    sessions = {user: server.client(user) for user in ("reviewer", "lead", "pipeline", "admin")}

    def write(number: int) -> int:
        user = ("reviewer", "lead", "pipeline")[number % 3]
        with httpx.Client(
            base_url=server.origin,
            cookies=sessions[user].cookies,
            headers=sessions[user].headers,
            timeout=60,
        ) as client:
            if user == "pipeline":
                return client.post("/hitl/apvs", json=apv()).status_code
            body = decision(apvs[number]["apv_id"])
            return client.post("/hitl/decisions", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(24))) == {200, 201}
    assert "none edited, removed or reordered" in site.manage("verify_audit")
    assert [one["sequence"] for one in recorded(site)] == list(range(1, top(site) + 1))


# -- Users and permissions --------------------------------------------------------------------


def newest(action: AuditAction) -> list[tuple[str, Any]]:
    rows = Entry.objects.filter(action=action).order_by("sequence")
    return [(row.object, json.loads(row.details)) for row in rows]


@pytest.mark.django_db
def test_changes_of_users_are_recorded_without_passwords() -> None:
    user = get_user_model().objects.create_user("rita", password=PASSWORD, is_staff=True)
    user.is_active = False
    user.set_password("another-secret")
    user.save()
    user.last_login = None
    user.save(update_fields=["last_login"])
    user.delete()
    assert newest(AuditAction.USER_CHANGED) == [
        ("user rita", {"change": "added", "rights": ["is_staff"]}),
        ("user rita", {"change": "changed", "fields": {"is_active": False, "password": "(set)"}}),
        ("user rita", {"change": "deleted"}),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_changes_of_permissions_are_recorded_from_either_side(language: str) -> None:
    user = get_user_model().objects.create_user("rita")
    leads = Group.objects.get(name="leads")
    with translation.override(language):
        user.groups.add(leads)
        user.groups.add(leads)  # a member already
        leads.user_set.remove(user)
        user.user_permissions.set([Permission.objects.get(codename="decide_apv")])
        user.user_permissions.clear()
        auditors = Group.objects.create(name="auditors")
        auditors.permissions.add(Permission.objects.get(codename="view_stats"))
    changes = [
        (about, told["change"], told.get("names"))
        for about, told in newest(AuditAction.PERMISSIONS_CHANGED)
    ]
    assert changes == [
        ("user rita", "add group", ["leads"]),
        ("group leads", "remove user", ["rita"]),
        ("user rita", "add permission", ["Reviews | APV | Can decide pending APVs"]),
        ("user rita", "clear permission", ["all"]),
        ("group auditors", "added", None),
        ("group auditors", "add permission", ["Reviews | APV | Can view the review statistics"]),
    ]


@pytest.mark.django_db
def test_entry_goes_with_the_transaction_it_tells_of() -> None:
    lead = get_user_model().objects.create_superuser("root")
    one = APV.objects.create(**apv())
    before = Entry.objects.count()
    with transaction.atomic():
        services.decide(
            apv_id=one.pk, decision="approve", justification="Looked at closely.", reviewer=lead
        )
        assert Entry.objects.count() == before + 1
        transaction.set_rollback(True)
    assert Entry.objects.count() == before
    entries.record(AuditAction.EXPORTED, "decisions", actor=lead)
    assert Entry.objects.latest("sequence").sequence == before + 1


BARE_SAVES = {
    "a user": lambda: get_user_model().objects.create_user("rita"),
    "a group": lambda: Group.objects.create(name="auditors"),
    "an API token": lambda: AuthToken.objects.create(user=get_user_model().objects.get()),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("saved", BARE_SAVES)
def test_bare_save_is_undone_when_its_entry_cannot_be_written(saved: str, settings: Any) -> None:
    get_user_model().objects.create_user("root")
    counts = [model.objects.count() for model in (get_user_model(), Group, AuthToken)]
    settings.HITL_AUDIT_KEYS = []
    with pytest.raises(IndexError):
        BARE_SAVES[saved]()
    assert counts == [model.objects.count() for model in (get_user_model(), Group, AuthToken)]
