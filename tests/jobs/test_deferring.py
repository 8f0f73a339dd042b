"""A job is deferred once, or the caller hears that its transaction is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from forges.models import Repository
from forges.tasks import reconcile_soon
from tests.support import forge_rows

pytestmark = pytest.mark.django_db
LOST = "savepoint_rollback"
"""What fails once the connection is gone."""


def test_connection_that_is_lost_beside_a_waiting_job_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Django keeps the error to itself, and rolls the whole transaction back without a word."""

    def lose(*_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    repository = forge_rows.repository()
    reconcile_soon(repository.pk)
    with pytest.raises(OperationalError):
        change_and_defer(repository, lambda: monkeypatch.setattr(connection, LOST, lose))


def change_and_defer(repository: Repository, before: Callable[[], None]) -> None:
    with transaction.atomic():
        Repository.objects.filter(pk=repository.pk).update(path="changed")
        before()
        reconcile_soon(repository.pk)


def test_waiting_job_is_not_deferred_again() -> None:
    repository = forge_rows.repository()
    with transaction.atomic():
        reconcile_soon(repository.pk)
        reconcile_soon(repository.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (1,)
