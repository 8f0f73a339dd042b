"""A forge that answers slowly, wrongly, or with something else: a clear word, nothing followed."""

import gzip
import json
import logging
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from forges.clients import client_for, http, limits
from forges.clients.base import Client
from forges.errors import ForgeError, Limited, NotAllowed, NotFound, Refused, Unavailable
from forges.models import Credentials, Forge
from hitl_project import __version__
from tests.support.forges import TOKEN, FakeForge, FakeGitHub, Pull, answers, html
from tests.support.forges.http import Reply
from tests.support.waiting import wait_for

pytestmark = pytest.mark.server  # git runs

Connect = Callable[[Forge], Client]
PATH = "acme/shop"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def client(fake: FakeForge, connect: Connect) -> Client:
    return connect(fake.row())


@pytest.fixture
def pull(fake: FakeForge) -> Pull:
    return fake.open_pull_request(fake.repository(PATH), "bump", {"a": "1\n"})


@pytest.fixture
def elsewhere() -> Iterator[FakeForge]:
    with FakeGitHub() as forge:
        yield forge


def everything(client: Client, pull: Pull) -> list[Callable[[], Any]]:
    """Return each way to ask that needs an answer."""
    return [
        client.grants,
        lambda: client.repository(PATH),
        lambda: client.pull_request(PATH, pull.number),
        lambda: client.message(PATH, pull.number),
        lambda: client.diff(PATH, pull.number),
        lambda: client.checks(PATH, pull.head_sha),
        lambda: list(client.open_pull_requests(PATH)),
        lambda: client.merge(PATH, pull.number, head_sha=pull.head_sha, method="merge"),
    ]


# -- Something else than was asked for -----------------------------------------------------------


def test_page_in_place_of_an_answer_is_named(client: Client, fake: FakeForge, pull: Pull) -> None:
    with fake.failing(reply=html()):
        for ask in everything(client, pull):
            with pytest.raises(Unavailable, match=r"text/html instead of (JSON|a diff)"):
                ask()
    assert client.repository(PATH).path == PATH


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"number": 1e999}'],
    ids=repr,
)
def test_other_json_than_was_asked_for_is_named(
    client: Client, fake: FakeForge, pull: Pull, body: bytes
) -> None:
    with fake.failing(data=body), pytest.raises(Unavailable, match=r"instead of|broken JSON"):
        client.pull_request(PATH, pull.number)


WRONG = [
    ("head", None),
    ("head", {"ref": "b", "sha": "refs/../../etc/passwd"}),
    ("base", {"ref": ["main"], "sha": "a" * 40}),
    ("number", "1"),
    ("number", True),
    ("number", 2**70),
    ("state", "weird"),
    ("updated_at", "yesterday"),
    ("html_url", "javascript:alert(1)"),
    ("html_url", "https://e.example/" + "x" * 3000),
]


@pytest.mark.parametrize(
    ("name", "value"), WRONG, ids=[f"{n}-{i}" for i, (n, _) in enumerate(WRONG)]
)
def test_field_with_another_shape_is_named(
    github: FakeGitHub, connect: Connect, name: str, value: Any
) -> None:
    pull = github.open_pull_request(github.repository(PATH), "bump", {"a": "1\n"})
    client = connect(github.row())
    told = json.loads(json.dumps(github._pull_value(pull))) | {name: value}
    with github.failing(reply=Reply(value=told)), pytest.raises(Unavailable) as caught:
        client.pull_request(PATH, pull.number)
    assert f"pull_request.{name}" in caught.value.words
    assert str(value)[:20] not in caught.value.words or value in (None, True)


def test_fields_that_are_not_needed_may_have_any_shape(
    github: FakeGitHub, connect: Connect
) -> None:
    pull = github.open_pull_request(github.repository(PATH), "bump", {"a": "1\n"})
    odd = {"body": 7, "labels": [None, {"name": 1}, {"name": "x" * 300}], "user": [], "draft": "no",
           "mergeable": "yes", "merged_by": "x", "closed_at": 0, "merge_commit_sha": "..",
           "title": "half \ud800 of a pair"}  # fmt: skip
    with github.failing(reply=Reply(value=github._pull_value(pull) | odd)):
        found = connect(github.row()).pull_request(PATH, pull.number)
    assert (found.body, found.labels, found.author) == ("", ("x" * 255,), "ghost")
    assert (found.draft, found.mergeable, found.merged_sha) == (False, None, "")
    assert found.title == "half \ufffd of a pair"


def test_one_bad_row_of_a_list_does_not_hide_the_others(
    github: FakeGitHub, connect: Connect
) -> None:
    repo = github.repository(PATH)
    rows = [github._pull_value(github.open_pull_request(repo, f"b{n}", {"a": "1\n"}))
            for n in range(3)]  # fmt: skip
    rows[1]["head"] = None
    with github.failing(reply=Reply(value=rows)):
        [page] = connect(github.row()).open_pull_requests(PATH)
    assert [one.number for one in page.items] == [1, 3]
    assert page.problems == ("pull_requests[1].head is null instead of an object",)


def test_not_modified_without_being_asked_is_no_answer(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    with fake.failing(reply=Reply(304)):
        for ask in everything(client, pull):
            with pytest.raises(Unavailable, match="answered 304"):
                ask()


def test_nothing_is_no_diff(client: Client, fake: FakeForge, pull: Pull) -> None:
    for status in (201, 202, 204, 206):
        fake.fault(reply=Reply(status, data=b""))
        with pytest.raises(Unavailable, match=f"answered {status}"):
            client.diff(PATH, pull.number)


def test_mark_of_a_list_that_cannot_be_sent_back_is_none(client: Client, fake: FakeForge) -> None:
    for mark in ("\xe9", "a b", "x" * 1000):
        fake.fault(reply=Reply(value=[], headers={"ETag": mark}))
        assert [page.etag for page in client.open_pull_requests(PATH)] == [""]


# -- Redirects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_to_another_host_is_not_followed(
    client: Client, fake: FakeForge, pull: Pull, elsewhere: FakeForge, status: int
) -> None:
    for target in (
        elsewhere.url,
        elsewhere.url.replace("http:", "") + "/x",
        "ftp://x/",
        "http://[",
    ):
        with fake.failing(reply=answers(status, Location=target)):
            for ask in everything(client, pull):
                with pytest.raises(Unavailable, match=r"to another host|to no address"):
                    ask()
    assert elsewhere.asked == []
    assert pull.state == "open"


def test_redirect_to_another_scheme_is_not_followed(client: Client, fake: FakeForge) -> None:
    target = fake.url.replace("http:", "https:") + "/x"
    fake.fault(reply=answers(301, Location=target))
    with pytest.raises(Unavailable, match="another host"):
        client.repository(PATH)


def test_redirects_on_the_same_host_end(client: Client, fake: FakeForge) -> None:
    again = answers(301, Location="/again")
    with fake.failing(reply=again), pytest.raises(Unavailable, match="more than 3 times"):
        client.repository(PATH)
    assert len(fake.asked) == 4


def test_next_page_on_another_host_is_not_asked_for(
    client: Client, fake: FakeForge, elsewhere: FakeForge
) -> None:
    link = f'<{elsewhere.url}/page/2>; rel="next"'
    fake.fault(reply=Reply(value=[], headers={"Link": link}))
    with pytest.raises(Unavailable, match="another host"):
        list(client.open_pull_requests(PATH))
    assert elsewhere.asked == []


def test_list_that_never_ends_is_cut_and_says_so(client: Client, fake: FakeForge) -> None:
    link = f'<{fake.url}{fake.api}/more>; rel="next"'
    with fake.failing(reply=Reply(value=[], headers={"Link": link})):
        pages = list(client.open_pull_requests(PATH))
    assert len(pages) == len(fake.asked) == http.MOST_PAGES
    assert pages[-1].problems == ("the list goes on after 100 pages",)


# -- No answer, half an answer -------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 599])
def test_error_of_the_server_passes(
    client: Client, fake: FakeForge, pull: Pull, status: int
) -> None:
    fake.fault(reply=answers(status), times=2)
    for _ in range(2):
        with pytest.raises(Unavailable, match=f"answered {status} to GET .*: a fault"):
            client.repository(PATH)
    assert client.repository(PATH).path == PATH


@pytest.mark.parametrize(
    "fault",
    [{"delay": 2.0}, {"trickle": 0.1}, {"trickle": 0.1, "endless": True}],
    ids=["late", "slow", "endless"],
)
def test_late_answer_is_given_up(
    client: Client, fake: FakeForge, pull: Pull, settings: Any, fault: dict[str, Any]
) -> None:
    settings.HITL_FORGE_SECONDS = 1
    fake.fault(**fault)
    patient = client_for(fake.row())
    began = time.monotonic()
    with patient, pytest.raises(Unavailable, match=r"did not answer GET .* within 1 s"):
        patient.repository(PATH)
    assert time.monotonic() - began < 10  # the trickle alone would take longer


@pytest.mark.parametrize("fault", [{"cut": True}, {"drop": True}], ids=["cut", "dropped"])
def test_broken_off_answer_is_none(
    client: Client, fake: FakeForge, pull: Pull, fault: dict[str, Any]
) -> None:
    with fake.failing(**fault):
        for ask in everything(client, pull)[:-1]:
            with pytest.raises(Unavailable, match="broke off"):
                ask()


def test_cut_compression_is_named(client: Client, fake: FakeForge) -> None:
    packed = gzip.compress(b'{"id": 1}')
    for data in (packed[:-4], packed * 2, b"no gzip"):
        fake.fault(reply=Reply(data=data, headers={"Content-Encoding": "gzip"}))
        with pytest.raises(Unavailable, match="broke"):
            client.repository(PATH)
    fake.fault(reply=Reply(data=b"x", headers={"Content-Encoding": "br"}))
    with pytest.raises(Unavailable, match="not asked for"):
        client.repository(PATH)


def test_nobody_listens(fake: FakeForge, connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match="no connection"):
            connect(fake.row(api_url=url)).repository(PATH)


# -- Too much ------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_diff_of_100_mebibytes_is_refused_in_little_memory(
    client: Client, fake: FakeForge, pull: Pull, packed: bool
) -> None:
    data = b"diff --git " + bytes(100 * MEBIBYTE)
    headers = {"Content-Type": "text/plain"}
    if packed:
        data, headers["Content-Encoding"] = gzip.compress(data), "gzip"
    fake.fault(reply=Reply(data=data, headers=headers))
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="more than 16 MiB"):
            client.diff(PATH, pull.number)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * http.DIFF_BYTES
    assert client.diff(PATH, pull.number).startswith("diff --git a/a b/a")


def test_json_of_20_mebibytes_is_refused(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.fault(data=b'"' + b"x" * 20 * MEBIBYTE + b'"')
    with pytest.raises(Refused, match="more than 10 MiB"):
        client.repository(PATH)


def test_long_explanation_is_cut(client: Client, fake: FakeForge) -> None:
    told = json.dumps({"message": "No.\n\u202e" * 1000}).encode()
    fake.fault(reply=Reply(422, data=told))
    with pytest.raises(Refused) as caught:
        client.repository(PATH)
    assert len(caught.value.words) < 500
    assert caught.value.words.isprintable()


# -- Limits --------------------------------------------------------------------------------------


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


# -- Credentials ---------------------------------------------------------------------------------


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
    assert TOKEN not in repr(vars(client)) + repr(fake.row().shown_credentials())


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


# -- Certificates --------------------------------------------------------------------------------


@pytest.fixture
def authority(fake: FakeForge, tmp_path: Any) -> str:
    """Let the fake speak TLS, and return the certificate that it proves itself with."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    both = tmp_path / "both.pem"
    both.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    fake.serve_tls(context)
    return pem.decode()


def test_own_authority_is_trusted_if_it_is_given(
    fake: FakeForge, authority: str, connect: Connect
) -> None:
    fake.repository(PATH)
    assert connect(fake.row(ca_certificates=authority)).repository(PATH).path == PATH
    with pytest.raises(Unavailable, match="certificate cannot be verified"):
        connect(fake.row()).repository(PATH)


def test_endless_answer_over_tls_is_given_up_too(
    fake: FakeForge, authority: str, settings: Any
) -> None:
    settings.HITL_FORGE_SECONDS = 1
    fake.fault(trickle=0.1, endless=True)
    with (
        client_for(fake.row(ca_certificates=authority)) as client,
        pytest.raises(Unavailable, match="within 1 s"),
    ):
        client.repository(PATH)


def test_authority_that_is_none_is_refused(fake: FakeForge) -> None:
    for text in ("no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(Refused, match="PEM"):
            client_for(fake.row(ca_certificates=text))


def test_wrong_credentials_are_not_tried_again_and_again(fake: FakeForge, connect: Connect) -> None:
    forge = fake.row()
    forge.set_credentials(Credentials(token="wrong"))
    with pytest.raises((NotAllowed, NotFound)):
        connect(forge).repository(PATH)
    assert len(fake.asked) == 1
