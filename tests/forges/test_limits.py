"""A forge that wants fewer requests: it gets none until the time that it names."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from forges.clients import client_for, limits
from forges.clients.base import Client
from forges.errors import Limited, NotAllowed
from tests.support.forges import Connect, FakeForge, FakeGitHub, Pull, answers
from tests.support.forges.http import Reply
from tests.support.waiting import wait_for

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


def test_used_up_limit_is_obeyed(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.remaining = 0
    with pytest.raises(Limited) as caught:
        client.repository(PATH)
    assert abs(caught.value.until.timestamp() - fake.reset_at) < 60
    asked = len(fake.asked)
    with client_for(fake.row()) as another, pytest.raises(Limited):
        another.pull_request(PATH, pull.number)
    assert len(fake.asked) == asked


def test_last_allowed_request_is_the_last(fake: FakeForge, connect: Connect, pull: Pull) -> None:
    client, fake.remaining = connect(fake.row()), 2
    for _ in range(2):
        client.repository(PATH)
    with pytest.raises(Limited):
        client.repository(PATH)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_forge_is_asked_again_after_its_pause(
    client: Client, fake: FakeForge, pull: Pull, status: int
) -> None:
    fake.fault(reply=answers(status, Retry_After="1"))
    with pytest.raises(Limited):
        client.repository(PATH)

    def answered() -> bool:
        try:
            return client.repository(PATH).path == PATH
        except Limited:
            return False

    wait_for(answered, "the pause to end")
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("soon", 60),
        ("-5", 60),
        ("9" * 30, 60),
        ("999999999", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        (None, 60),
    ],
)
def test_pause_is_as_long_as_the_forge_says(
    client: Client, fake: FakeForge, header: str | None, seconds: int
) -> None:
    fake.fault(reply=Reply(429, headers={"Retry-After": header} if header else {}))
    asked_at = timezone.now()
    with pytest.raises(Limited) as caught:
        client.repository(PATH)
    told = (caught.value.until - asked_at).total_seconds()
    assert seconds - 60 <= told <= seconds + 60


def test_pause_may_have_a_date(client: Client, fake: FakeForge) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    fake.fault(reply=answers(429, Retry_After=format_datetime(until, usegmt=True)))
    with pytest.raises(Limited) as caught:
        client.repository(PATH)
    assert caught.value.until == until


def test_secondary_limit_without_any_header_is_a_limit(
    github: FakeGitHub, connect: Connect
) -> None:
    words = b'{"message": "You have exceeded a secondary rate limit."}'
    github.fault(reply=Reply(403, data=words))
    with pytest.raises(Limited, match="secondary rate limit"):
        connect(github.row()).repository(PATH)


def test_forbidden_with_requests_left_is_no_limit(github: FakeGitHub, connect: Connect) -> None:
    github.fault(reply=answers(403, X_RateLimit_Remaining="4000", X_RateLimit_Reset="1"))
    with pytest.raises(NotAllowed):
        connect(github.row()).repository(PATH)


def test_limit_of_one_forge_is_not_that_of_another(
    fake: FakeForge, elsewhere: FakeForge, connect: Connect
) -> None:
    limits.pause(f"{fake.row().name} {fake.url}{fake.api}", timezone.now() + timedelta(hours=1))
    elsewhere.repository(PATH)
    with pytest.raises(Limited):
        connect(fake.row()).repository(PATH)
    assert connect(elsewhere.row()).repository(PATH).path == PATH
