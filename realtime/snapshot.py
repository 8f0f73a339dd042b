"""Several reads of one state of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from realtime.replica import routing


@contextmanager
def snapshot() -> Iterator[None]:
    """Give several reads one consistent view of the database that they read (REPEATABLE READ).

    Inside an open transaction, reads see what that transaction sees.
    """
    alias = routing.alias()
    outermost = not connections[alias].in_atomic_block
    with transaction.atomic(using=alias):
        if outermost:
            with connections[alias].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
