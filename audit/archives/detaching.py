"""Delete entries that a verified archive has, and record where they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min

from audit import entries
from audit.archives.making import Made, sha256_of
from audit.choices import AuditAction
from audit.models import Archive, Entry, Head

READ_DAYS = 90
"""The service itself reads the entries of so many days. They stay."""
DELETED_AT_ONCE = 10_000
LOCK = 7_220_136
"""A key of PostgreSQL's advisory locks, unlike those of others."""


class CannotDetach(Exception):
    """Why nothing was deleted."""


@contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time archive. Raise CannotDetach if another one does.

    The lock belongs to a session, which a pooler in transaction mode gives to others.
    """
    if settings.HITL_DB_POOLER:
        raise CannotDetach(
            "HITL_DB_POOLER is on; DATABASE_URL must lead past the pooler, without it"
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise CannotDetach("another process archives the audit at this moment")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def check_role() -> None:
    """Raise CannotDetach unless the database's role may delete entries, as their owner may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege('audit_entry', 'DELETE')")
        role, may = cursor.fetchone()
    if not may:
        raise CannotDetach(
            f"the role {role} may not delete entries; DATABASE_URL must name the tables' owner"
        )


def detach(made: Made) -> None:
    """Record an archive, in the audit too, and delete its entries from the table.

    Once the record is committed, the chain follows the archive. So the deletion can be interrupted
    anywhere and resumed.
    """
    _delete(_record(made))


def resume(folder: Path) -> int:
    """Delete what an interrupted deletion left; return how many entries. Its file must be there."""
    archive = Archive.objects.order_by("last").last()
    if archive is None or not Entry.objects.filter(sequence__lte=archive.last).exists():
        return 0
    path = folder / archive.name
    if not path.is_file() or sha256_of(path) != archive.sha256:
        raise CannotDetach(
            f"entries up to {archive.last} are still to be deleted, but {path} is not the file "
            "that was verified; give its folder with --directory"
        )
    return _delete(archive)


@transaction.atomic
def _record(made: Made) -> Archive:
    path, header = made.file
    archive = Archive(
        first=header.first,
        last=header.last,
        first_at=header.first_at,
        last_at=header.last_at,
        mac=header.mac,
        name=path.name,
        sha256=made.sha256,
        actions=made.actions,
    )
    entries.record(AuditAction.AUDIT_DETACHED, archive.name, **archive.facts())
    archive.recorded_in = Head.objects.get().sequence  # locked until the commit
    archive.save(force_insert=True)
    return archive


def _delete(archive: Archive) -> int:
    """Delete in batches, each in its own transaction, from the first entry on."""
    archived = Entry.objects.filter(sequence__lte=archive.last)
    deleted = last = 0
    # After the last batch: PostgreSQL would walk through what is deleted and not yet vacuumed.
    while first := archived.filter(sequence__gt=last).aggregate(Min("sequence"))["sequence__min"]:
        last = first + DELETED_AT_ONCE - 1
        deleted += archived.filter(sequence__range=(first, last)).delete()[0]
    return deleted
