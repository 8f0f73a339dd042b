"""Nobody can change the audit, and a change of it shows."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from audit import chain as chain_of_macs
from audit import entries, verification
from audit.choices import AuditAction
from audit.models import Entry, Head
from tests.support.site import Site

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
                "UPDATE audit_entry SET sequence = 79 WHERE sequence = 2",
                "UPDATE audit_entry SET sequence = 2 WHERE sequence = 5",
                "UPDATE audit_entry SET sequence = 5 WHERE sequence = 79",
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


def test_only_what_came_after_a_head_is_verified(chain: list[Entry]) -> None:
    noted = head()
    assert verify("--after", noted).startswith("0 entries after entry 6, none edited")
    entries.record(AuditAction.EXPORTED, "another list")
    assert verify("--after", noted).startswith("1 entries after entry 6, none edited")


def test_what_came_after_a_head_is_not_trusted(tamper: Any) -> None:
    noted, sixth = (
        f"{row.sequence}:{row.mac}" for row in Entry.objects.filter(sequence__in=[3, 6])
    )
    tamper("UPDATE audit_entry SET actor = actor || '!' WHERE sequence = 5")
    with pytest.raises(CommandError, match="Entry 5 was edited"):
        verify("--after", noted)
    tamper("UPDATE audit_entry SET actor = rtrim(actor, '!') WHERE sequence = 5")
    with pytest.raises(CommandError, match="Entry 3 is not the one that was the head once"):
        verify("--after", noted.replace(noted[-1], "0" if noted[-1] != "0" else "1"))
    tamper("DELETE FROM audit_entry WHERE sequence > 4")
    tamper(
        "UPDATE audit_head SET (sequence, mac) = (SELECT sequence, mac FROM audit_entry LIMIT 1)"
    )
    with pytest.raises(CommandError, match="was set back"):
        verify("--after", sixth)


@pytest.mark.parametrize("piece", range(1, 8))
def test_chain_is_as_whole_in_pieces(tamper: Any, monkeypatch: Any, piece: int) -> None:
    monkeypatch.setattr(verification, "PIECE", piece)
    assert verify("--processes", "1").startswith("6 entries")
    for sequence in (6, 4, 3, 1):
        tamper("UPDATE audit_entry SET actor = actor || 'x' WHERE sequence = %s", [sequence])
        with pytest.raises(CommandError, match=f"Entry {sequence} was edited"):
            verify("--processes", "1")
        tamper("DELETE FROM audit_entry WHERE sequence = %s", [sequence])
        with pytest.raises(CommandError, match="removed"):
            verify("--processes", "1")


IN_PIECES = """
from django.core.management import call_command
from audit import verification
verification.PIECE = 5
call_command("verify_audit", "--processes", "3")
"""


def test_several_processes_verify_as_one_does() -> None:
    site = Site("audit-in-pieces")
    site.manage("seed_apvs", "--count", "20")
    alone = site.manage("verify_audit", "--processes", "1")
    assert site.manage("shell", "-c", IN_PIECES).endswith(alone)
    site.execute(
        "SET session_replication_role = replica; DELETE FROM audit_entry WHERE sequence = 7"
    )
    said = site.manage("shell", "-c", IN_PIECES, check=False)
    assert "CommandError: Entry 7 was removed." in said
    assert "Traceback" not in said.partition("CommandError")[2]
    site.close()


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
