"""The audit: what it records, that nobody can change it, and that changes are detected."""

import io
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import translation
from knox.models import AuthToken

from audit import chain as chain_of_macs
from audit import entries
from audit.choices import AuditAction
from audit.models import Entry, Head
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


# -- Nobody changes it ------------------------------------------------------------------------


@pytest.fixture
def chain(db: None) -> list[Entry]:
    """Return six entries."""
    for number in range(6):
        entries.record(
            AuditAction.EXPORTED, f"list {number}", rows=number, share=0.1, name="ä\u2028"
        )
    return list(Entry.objects.order_by("sequence"))


COPY_OF_LAST = (
    "INSERT INTO audit_entry SELECT {sequence}, at, user_id, actor, source, action, object,"
    " details, address, request_id, key, {previous}, mac FROM audit_entry WHERE sequence = 6"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'somebody else' WHERE sequence = 2",
        "DELETE FROM audit_entry WHERE sequence = 6",
        "TRUNCATE audit_entry",
        "UPDATE audit_head SET sequence = 3",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        COPY_OF_LAST.format(sequence=9, previous="mac"),
        COPY_OF_LAST.format(sequence=7, previous="previous"),
    ],
)
def test_database_refuses_to_change_the_audit(chain: list[Entry], statement: str) -> None:
    with pytest.raises(IntegrityError, match="audit"), transaction.atomic():
        connection.cursor().execute(statement)
    assert list(Entry.objects.order_by("sequence")) == chain


@pytest.mark.django_db
def test_superusers_read_the_audit_in_the_admin_and_nobody_else(chain: list[Entry]) -> None:
    users = get_user_model().objects
    root, clerk = Client(), Client()
    root.force_login(users.create_superuser("root"))
    user = users.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="reviews"))
    clerk.force_login(user)
    page = "/admin/audit/entry/"
    assert "list 3" in root.get(page).content.decode()
    assert "list 3" in root.get(f"{page}4/change/").content.decode()
    assert root.post(f"{page}4/change/", {"actor": "x"}).status_code == 403
    assert root.post(f"{page}4/delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{page}add/").status_code == 403
    assert clerk.get(page).status_code == 403
    assert "audit" not in clerk.get("/admin/").content.decode().lower()


# -- A change shows ---------------------------------------------------------------------------


@pytest.fixture
def tamper(chain: list[Entry]) -> Iterator[Any]:
    """Run SQL as the database's owner, without triggers."""
    tables = ("audit_entry", "audit_head")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor.execute


def verify(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("verify_audit", *arguments, stdout=printed)
    return printed.getvalue()


def head() -> str:
    return verify().rpartition("Head ")[2].strip()


def test_untouched_chain_is_verified_and_its_head_printed(chain: list[Entry]) -> None:
    assert verify() == (f"6 entries, none edited, removed or reordered.\nHead 6:{chain[-1].mac}\n")


@pytest.mark.django_db
def test_empty_chain_is_verified() -> None:
    assert verify().startswith("0 entries")


@pytest.mark.parametrize(
    ("statements", "complaint"),
    [
        (["UPDATE audit_entry SET actor = 'x' WHERE sequence = 3"], "Entry 3 was edited"),
        (["UPDATE audit_entry SET details = '{}' WHERE sequence = 1"], "Entry 1 was edited"),
        (
            ["UPDATE audit_entry SET at = at + interval '1 microsecond'"],
            "Entry 1 was edited",
        ),
        (["DELETE FROM audit_entry WHERE sequence = 4"], "Entry 4 was removed"),
        (
            ["DELETE FROM audit_entry WHERE sequence < 4"],
            "Entries 1 to 3 were removed",
        ),
        (
            ["DELETE FROM audit_entry WHERE sequence > 4"],
            "Entries 5 to 6 were removed",
        ),
        (["DELETE FROM audit_entry"], "Entries 1 to 6 were removed"),
        (
            [
                "UPDATE audit_entry SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit_entry SET sequence = 2 WHERE sequence = 5",
                "UPDATE audit_entry SET sequence = 5 WHERE sequence = 99",
            ],
            "Entry 2 was edited, or another was put in its place",
        ),
        (
            [
                "DELETE FROM audit_entry WHERE sequence = 2",
                "UPDATE audit_entry SET sequence = sequence - 1 WHERE sequence > 2",
            ],
            "Entry 2 was edited, or another was put in its place",
        ),
        (["UPDATE audit_head SET sequence = 5"], "the head was set back"),
        (["DELETE FROM audit_head"], "the head was set back"),
        (["UPDATE audit_entry SET key = 'other' WHERE sequence = 2"], "Entry 2 was signed"),
    ],
)
def test_first_entry_that_was_changed_is_named(
    tamper: Any, statements: list[str], complaint: str
) -> None:
    for statement in statements:
        tamper(statement)
    with pytest.raises(CommandError, match=complaint):
        verify()


def test_end_cut_off_with_its_head_shows_by_a_head_noted_before(tamper: Any) -> None:
    noted = head()
    tamper("DELETE FROM audit_entry WHERE sequence > 4")
    tamper(
        "UPDATE audit_head SET (sequence, mac) = (SELECT sequence, mac FROM"
        " audit_entry WHERE sequence = 4)"
    )
    assert verify().startswith("4 entries")
    with pytest.raises(CommandError, match="Entries 5 to 6 were removed"):
        verify("--expect-head", noted)


def test_chain_that_grew_on_still_has_the_head_noted_before(chain: list[Entry]) -> None:
    noted = head()
    entries.record(AuditAction.EXPORTED, "another list")
    assert verify("--expect-head", noted).startswith("7 entries")
    another = f"6:{'f' * 64}"
    with pytest.raises(CommandError, match="Entry 6 is not the one that was the head once"):
        verify("--expect-head", another)


def test_history_rewritten_without_the_key_does_not_pass(tamper: Any, settings: Any) -> None:
    mine, settings.HITL_AUDIT_KEYS = settings.HITL_AUDIT_KEYS, ["the-attackers-key"]
    tamper("DELETE FROM audit_entry")
    tamper("UPDATE audit_head SET sequence = 0, mac = %s", [chain_of_macs.NO_MAC])
    for table in ("audit_entry", "audit_head"):
        tamper(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    entries.record(AuditAction.EXPORTED, "nothing of note")
    assert verify().startswith("1 entries")
    settings.HITL_AUDIT_KEYS = mine
    with pytest.raises(CommandError, match="Entry 1 was signed with the key"):
        verify()


def test_old_keys_verify_what_they_signed(chain: list[Entry], settings: Any) -> None:
    old = settings.HITL_AUDIT_KEYS[0]
    settings.HITL_AUDIT_KEYS = ["a-new-key", old]
    entries.record(AuditAction.EXPORTED, "under the new key")
    assert verify().startswith("7 entries")
    settings.HITL_AUDIT_KEYS = ["a-new-key"]
    with pytest.raises(CommandError, match="Entry 1 was signed with the key"):
        verify()
    assert Head.objects.get().sequence == 7


def test_broken_chain_ends_the_command_with_1(site: Site) -> None:
    assert "give a head" in site.manage("verify_audit", "--expect-head", "7", check=False)
    unknown = f"1:{'0' * 64}"
    printed = site.manage("verify_audit", "--expect-head", unknown, check=False)
    assert "CommandError: Entry 1 is not the one that was the head once." in printed
