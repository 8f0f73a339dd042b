"""Queries that are compiled once find the same rows as those that Django builds each time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.db.models import Model, QuerySet
from django.db.models.signals import post_save, pre_save
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.compiled_queries import CompiledQuery, insert, update
from realtime.models import Event
from reviews.locking import locked_apv
from reviews.models import APV, Claim
from tests.support.forge_rows import pull_request, repository
from tests.support.policies import person, stored
from tests.support.site import DIFF

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


@pytest.mark.django_db
def test_updated_rows_are_those_that_a_save_changes() -> None:
    names = ["wargame_evidence", "patch_diff", "cvss_score", "submitted_by", "paths"]
    names += ["version_step", "dependency", "version"]
    rows, found, told = [whole(), stored(package_name="other")], [], []

    def tell(**said: Any) -> None:
        told.append({name: said[name] for name in said if name not in {"signal", "instance"}})

    for signal in (pre_save, post_save):
        signal.connect(tell, sender=APV, weak=False)
    for row, save in zip(rows, (update, save_fields), strict=True):
        row.wargame_evidence, row.patch_diff, row.cvss_score = {"b": ["\\", None]}, DIFF, 3.5
        row.submitted_by, row.package_name = None, "not saved"
        save(row, names)
        found.append(APV.objects.values(*names).get(pk=row.pk))
    for signal in (pre_save, post_save):
        signal.disconnect(tell, sender=APV)
    assert found[0] == found[1]
    assert told[:2] == told[2:]
    assert set(APV.objects.values_list("package_name", flat=True)) == {"requests", "other"}


def save_fields(row: Model, names: list[str]) -> None:
    row.save(update_fields=names)


@pytest.mark.django_db
def test_update_of_a_row_that_is_gone_is_refused() -> None:
    one = stored()
    APV.objects.filter(pk=one.pk).delete()
    with pytest.raises(DatabaseError):
        update(one, ["package_name"])
