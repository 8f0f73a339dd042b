"""What a forge is shown: credentials that nothing else shows, and that are tried once."""

import json
import logging
from typing import Any

import pytest

from forges.clients import client_for, limits
from forges.clients.base import Client
from forges.errors import ForgeError, NotAllowed, NotFound, Refused
from forges.models import Credentials
from hitl_project import __version__
from tests.support.forges import TOKEN, Connect, FakeForge, Pull, answers
from tests.support.forges.http import Reply

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


def test_token_is_in_no_error_and_no_log(
    client: Client, fake: FakeForge, pull: Pull, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"message": f"bad token {TOKEN}!"}).encode()
    faults: list[dict[str, Any]] = [
        *({"reply": Reply(status, data=echo)} for status in (400, 401, 403, 404, 429, 500)),
        *({"drop": True}, {"cut": True}, {"reply": answers(301, Location=f"http://{TOKEN}@x/")}),
    ]
    for fault in faults:
        limits.forget()
        fake.fault(**fault)
        with pytest.raises(ForgeError) as caught:
            client.repository(PATH)
        assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    headers = "\n".join(f"{one.headers}" for one in fake.asked)
    assert TOKEN in headers  # which was sent all the time
    assert TOKEN not in "\n".join(one.getMessage() for one in caplog.records if _is_ours(one))
    assert TOKEN not in repr(vars(client)) + repr(fake.row().decrypted_credentials())


def _is_ours(record: logging.LogRecord) -> bool:
    """Return whether the settings let a line through: httpcore's are below every level of ours."""
    return not record.name.startswith("httpcore")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "https://user:secret@x/", "https://x/?a=1", "no address", "https://"],
)
def test_api_address_that_cannot_be_used_is_refused(fake: FakeForge, url: str) -> None:
    with pytest.raises(Refused, match="API address") as caught:
        client_for(fake.row(api_url=url))
    assert "secret" not in caught.value.words


@pytest.mark.parametrize("token", ["sécret", "se cret", "secret\n", "secret\r\nX-Evil: 1"])
def test_token_that_no_header_takes_is_named_and_not_shown(
    fake: FakeForge, connect: Connect, token: str
) -> None:
    forge = fake.row()
    forge.set_credentials(Credentials(token=token))
    with pytest.raises(NotAllowed, match="the token has characters") as caught:
        connect(forge).grants()
    assert "cret" not in f"{caught.value!r}"
    assert fake.asked == []


def test_credentials_of_another_key_are_named(fake: FakeForge) -> None:
    forge = fake.row()
    forge.credentials = b"of another key"
    with pytest.raises(NotAllowed, match="HITL_ENCRYPTION_KEYS"):
        client_for(forge)


def test_forge_learns_what_asks_it(client: Client, fake: FakeForge, pull: Pull) -> None:
    client.repository(PATH)
    assert fake.asked[-1].headers["user-agent"] == f"HITL-Console/{__version__}"


def test_wrong_credentials_are_not_tried_again_and_again(fake: FakeForge, connect: Connect) -> None:
    forge = fake.row()
    forge.set_credentials(Credentials(token="wrong"))
    with pytest.raises((NotAllowed, NotFound)):
        connect(forge).repository(PATH)
    assert len(fake.asked) == 1
