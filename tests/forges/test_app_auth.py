"""A GitHub App: tokens that are signed for, kept and renewed."""

import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from forges.clients import client_for
from forges.errors import NotAllowed, NotFound, Unavailable
from forges.models import Credentials, Forge
from tests.support.forges import Connect, FakeGitHub
from tests.support.forges.github_app import APP_ID, INSTALLATION_ID
from tests.support.forges.http import Reply

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
TOKENS = f"/app/installations/{INSTALLATION_ID}/access_tokens"


@pytest.fixture(autouse=True)
def repo(github: FakeGitHub) -> None:
    github.repository(PATH)


def read(forge: Forge) -> str:
    with client_for(forge) as client:
        return client.repository(PATH).path


def tokens_asked_for(github: FakeGitHub) -> int:
    return sum(one.path == TOKENS for one in github.asked)


@pytest.mark.parametrize("milliseconds", [False, True])
def test_token_is_kept_by_the_process(github: FakeGitHub, milliseconds: bool) -> None:
    github.milliseconds = milliseconds
    assert [read(github.app_row()) for _ in range(3)] == [PATH] * 3
    assert tokens_asked_for(github) == 1


def test_clock_may_be_off_by_a_minute(github: FakeGitHub) -> None:
    read(github.app_row())
    signed = next(one for one in github.asked if one.path == TOKENS).headers["authorization"]
    claims = jwt.decode(
        signed.removeprefix("Bearer "), github.key.public_key(), algorithms=["RS256"]
    )
    assert claims["iss"] == APP_ID
    assert claims["iat"] <= time.time() - 60
    assert claims["exp"] - claims["iat"] <= 600


def test_revoked_token_is_renewed_once(github: FakeGitHub) -> None:
    read(github.app_row())
    github.revoke_app_tokens()
    assert read(github.app_row()) == PATH
    assert tokens_asked_for(github) == 2


def test_new_token_that_is_refused_too_is_not_allowed(github: FakeGitHub) -> None:
    refused = Reply(401, {"message": "Bad credentials"})
    with github.failing(reply=refused, path="^/repos"), pytest.raises(NotAllowed):
        read(github.app_row())
    assert tokens_asked_for(github) == 2


def test_token_is_renewed_before_it_runs_out(github: FakeGitHub) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = next(iter(github.tokens))
    github.fault(reply=Reply(201, {"token": token, "expires_at": soon}), path="access_tokens")
    assert [read(github.app_row()) for _ in range(2)] == [PATH] * 2
    assert tokens_asked_for(github) == 2


@pytest.mark.parametrize("told", [{"token": ""}, {"token": "x"}, {"token": "x", "expires_at": "?"}])
def test_token_without_an_end_is_none(github: FakeGitHub, told: dict[str, str]) -> None:
    words = r"access_tokens\.(token|expires_at)"
    bad = Reply(201, told)
    with github.failing(reply=bad, path=TOKENS), pytest.raises(Unavailable, match=words):
        read(github.app_row())


def test_key_that_is_none_is_named_and_not_shown(github: FakeGitHub) -> None:
    forge = github.app_row()
    key = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
    forge.set_credentials(
        Credentials(app_id=APP_ID, installation_id=INSTALLATION_ID, private_key=key)
    )
    with pytest.raises(NotAllowed, match="no RSA key") as caught:
        read(forge)
    assert "c2VjcmV0" not in f"{caught.value!r}"


def test_installation_that_is_gone_is_not_found(github: FakeGitHub) -> None:
    forge = github.app_row()
    known = forge.decrypted_credentials()
    forge.set_credentials(Credentials(known.token, known.app_id, "404", known.private_key))
    with pytest.raises(NotFound):
        read(forge)


def test_revoked_while_a_client_lives_is_renewed(github: FakeGitHub, connect: Connect) -> None:
    client = connect(github.app_row())
    client.repository(PATH)
    github.revoke_app_tokens()
    assert client.repository(PATH).path == PATH
