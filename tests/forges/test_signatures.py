"""Which webhooks count as signed, with examples that others published."""

import base64
import hashlib
import hmac

import pytest

from forges.choices import ForgeKind
from forges.webhooks.kinds import KINDS, gitea, github, gitlab
from forges.webhooks.kinds.base import Headers
from tests.support.forges.webhooks import hex_hmac

BODY = b'{"a": 1}'
SECRETS = ["the newest secret", "the last secret"]
NOW = 1_800_000_000
HEX = {secret: hex_hmac(secret, BODY) for secret in SECRETS}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be NOW, however long after the collection of the tests they run."""
    monkeypatch.setattr("realtime.clock.seconds", lambda: float(NOW))


def standard(secret: bytes, sent_at: int | str, body: bytes = BODY) -> Headers:
    content = f"msg_1.{sent_at}.".encode() + body
    digest = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    signature = f"v1,{digest}"
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature,
    }


def test_githubs_own_example() -> None:
    """From https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature}
    secret = "It's a Secret to Everybody"
    assert github.is_signed(headers, b"Hello, World!", [secret])
    assert not github.is_signed(headers, b"Hello, World?", [secret])


def test_example_of_standard_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """From https://github.com/standard-webhooks/standard-webhooks."""
    monkeypatch.setattr("realtime.clock.seconds", lambda: 1614265330.0)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert gitlab.is_signed(headers, b'{"test": 2432232314}', [secret])
    assert not gitlab.is_signed(headers, b'{"test": 2432232315}', [secret])


GOOD = [
    *((github, {"x-hub-signature-256": f"sha256={HEX[one]}"}) for one in SECRETS),
    *((gitlab, {"x-gitlab-token": one}) for one in SECRETS),
    *(
        (gitea, {name: HEX[one]})
        for one in SECRETS
        for name in ("x-gitea-signature", "x-forgejo-signature")
    ),
    (gitea, {"x-hub-signature-256": f"sha256={HEX[SECRETS[0]]}"}),
    (gitlab, standard(SECRETS[1].encode(), NOW)),
]


@pytest.mark.parametrize(("kind", "headers"), GOOD)
def test_any_secret_of_a_forge_is_accepted(kind: object, headers: Headers) -> None:
    assert kind.is_signed(headers, BODY, SECRETS)  # type: ignore[attr-defined]
    assert not kind.is_signed(headers, BODY + b" ", ["another"])  # type: ignore[attr-defined]


BAD: list[Headers] = [
    {},
    {"x-hub-signature-256": ""},
    {"x-hub-signature-256": "sha256="},
    {"x-hub-signature-256": f"sha256={'0' * 64}"},
    {"x-hub-signature-256": "sha256=é\udcff"},
    {"x-hub-signature": f"sha1={HEX[SECRETS[0]]}"},
    {"x-gitlab-token": ""},
    {"x-gitlab-token": "another"},
    {"x-gitlab-token": f"{SECRETS[0]} "},
    {"x-gitea-signature": HEX[SECRETS[0]][:-1]},
    {"webhook-signature": ""},
    {"webhook-signature": "v1,"},
    standard(b"another", NOW),
    standard(SECRETS[0].encode(), NOW - 3600),
    standard(SECRETS[0].encode(), NOW + 3600),
    standard(SECRETS[0].encode(), "soon"),
    standard(SECRETS[0].encode(), "9" * 400),
    {**standard(SECRETS[0].encode(), NOW), "webhook-id": "msg_2"},
    # A signature that is there must be right, though the token is.
    {**standard(b"another", NOW), "x-gitlab-token": SECRETS[0]},
]


@pytest.mark.parametrize("headers", BAD)
@pytest.mark.parametrize("kind", ForgeKind.values)
def test_nothing_else_is(kind: str, headers: Headers) -> None:
    headers = {name: text.encode(errors="replace").decode() for name, text in headers.items()}
    assert not KINDS[kind].is_signed(headers, BODY, SECRETS)


@pytest.mark.parametrize("kind", ForgeKind.values)
def test_forge_without_secrets_accepts_nothing(kind: str) -> None:
    empty = {"x-gitlab-token": "", "x-hub-signature-256": "sha256="}
    for headers in (empty, {}, {"x-gitlab-token": "x"}):
        assert not KINDS[kind].is_signed(headers, BODY, [])
    assert not KINDS[kind].is_signed(empty, BODY, [""])
