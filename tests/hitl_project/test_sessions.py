"""Sessions of browsers are read by one query, and are those of Django."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


def saved(store: type[db.SessionStore]) -> str:
    session = store()
    session["said"] = "hello"
    session.save()
    assert session.session_key
    return session.session_key


@pytest.mark.parametrize(
    ("writer", "reader"), [(db.SessionStore, SessionStore), (SessionStore, db.SessionStore)]
)
def test_either_store_reads_what_the_other_wrote(
    writer: type[db.SessionStore], reader: type[db.SessionStore]
) -> None:
    assert reader(saved(writer))["said"] == "hello"


def test_session_is_read_by_one_statement() -> None:
    key = saved(SessionStore)
    with CaptureQueriesContext(connection) as statements:
        assert SessionStore(key)["said"] == "hello"
    assert len(statements) == 1


@pytest.mark.parametrize("is_over", [True, False])
def test_session_that_is_over_or_gone_has_nothing(is_over: bool) -> None:
    key = saved(SessionStore)
    rows = Session.objects.filter(pk=key)
    if is_over:
        rows.update(expire_date=timezone.now() - timedelta(seconds=1))
    else:
        rows.delete()
    session = SessionStore(key)
    assert session.get("said") is None
    assert session.session_key is None


def test_session_with_another_signature_has_nothing() -> None:
    key = saved(SessionStore)
    Session.objects.filter(pk=key).update(session_data="forged")
    assert SessionStore(key).get("said") is None
