"""Queries that are compiled once find the same rows as those that Django builds each time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.compiled_queries import CompiledQuery, insert
from realtime.models import Event
from reviews.locking import locked_apv
from reviews.models import APV, Claim
from tests.support.forge_rows import pull_request, repository
from tests.support.policies import person, stored

RELATED = ("pull_request", "repository", "forge", "claim", "user", "submitted_by")
UNREAD = ("patch_diff", "pull_request__body", "claim__user__email")


def built(pk: UUID) -> QuerySet[APV]:
    related = ("pull_request__repository__forge", "claim__user", "submitted_by")
    return APV.objects.select_related(*related).defer(*UNREAD).filter(pk=pk)


COMPILED = CompiledQuery(built, sample=uuid4())


def everything(one: Model, *path: str) -> Iterator[tuple[str, Any]]:
    """Return what was read of a row and of its related rows; reading more fails the test."""
    for name, value in vars(one).items():
        if name != "_state":
            yield ".".join([*path, name]), value
    for name, row in one._state.fields_cache.items():
        yield ".".join([*path, name]), row
        if row is not None and name in RELATED and name not in path:
            yield from everything(row, *path, name)


def whole() -> APV:
    """Return an APV that has everything that the query selects."""
    pull = pull_request(repository())
    pull.save()
    one = stored(pull_request=pull, submitted_by=person("adam"), wargame_evidence={"a": [1, None]})
    hour = timezone.now() + timedelta(hours=1)
    Claim.objects.create(apv=one, user=person("rita"), claimed_at=timezone.now(), expires_at=hour)
    return one


@pytest.mark.django_db
@pytest.mark.parametrize("make", [stored, whole])
def test_compiled_query_reads_what_django_reads(make: Any) -> None:
    pk = make().pk
    [by_django], [compiled] = built(pk), COMPILED.rows(pk)
    assert dict(everything(compiled)) == dict(everything(by_django))
    assert compiled.get_deferred_fields() == by_django.get_deferred_fields()


@pytest.mark.django_db
def test_compiled_query_finds_the_rows_of_each_value() -> None:
    first, second = stored(), stored()
    with CaptureQueriesContext(connection) as statements:
        found = [COMPILED.rows(pk) for pk in (first.pk, uuid4(), second.pk)]
    assert found == [[first], [], [second]]
    assert len(statements) == 3


@pytest.mark.django_db(transaction=True)
def test_compiled_lock_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError):
        locked_apv(stored().pk)


@pytest.mark.django_db
def test_inserted_rows_are_those_that_django_stores() -> None:
    at = timezone.now()
    text = "100 % \u2028 \\ ' \" é"
    events = [Event(channel=text, offset=n, type="x", message=text, created_at=at) for n in (1, 2)]
    with CaptureQueriesContext(connection) as statements:
        insert(events)
    assert len(statements) == 1
    stored = Event.objects.filter(channel=text).order_by("offset")
    assert [*stored.values_list("offset", "message", "created_at")] == [
        (1, text, at),
        (2, text, at),
    ]
    assert not any(one._state.adding for one in events)
