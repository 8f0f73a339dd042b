"""A forge that answers slowly, wrongly, or with something else: a clear word, nothing followed."""

import gzip
import json
import socket
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from forges.choices import MergeMethod
from forges.clients import client_for, http
from forges.clients.base import Client
from forges.errors import Refused, Unavailable
from jobs.interrupted import HEARTBEAT_SECONDS, SILENT_SECONDS
from tests.support.forges import Connect, FakeForge, FakeGitHub, Pull, answers, html
from tests.support.forges.http import Reply

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
MEBIBYTE = 1024 * 1024


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
        lambda: client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE),
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


def test_write_has_ended_before_another_worker_may_begin_the_same() -> None:
    assert http.WRITE_SECONDS + HEARTBEAT_SECONDS < SILENT_SECONDS


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let a request take long, and one that writes a second."""
    settings.HITL_FORGE_SECONDS = 600
    monkeypatch.setattr(http, "WRITE_SECONDS", 1)


@pytest.mark.usefixtures("hasty")
def test_write_is_given_up_sooner_than_a_request_that_reads(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.fault(on="comment", delay=2)
    with pytest.raises(Unavailable, match=r"did not answer POST .* within 1 s"):
        client.comment(PATH, pull.number, "Hello")
    fake.fault(on="look", delay=2)
    assert client.pull_request(PATH, pull.number).number == pull.number


@pytest.mark.usefixtures("hasty")
def test_redirects_of_a_write_take_no_time_of_their_own(github: FakeGitHub) -> None:
    github.rename(github.repository("acme/old"), PATH)
    pull = github.bump(github.repo_at(PATH))
    with client_for(github.row()) as client:
        github.fault(method="POST", path="/acme/old/", delay=0.7)
        github.fault(method="POST", path="/repositories/", delay=0.7)
        with pytest.raises(Unavailable, match="within 1 s"):
            client.comment("acme/old", pull.number, "Hello")


@pytest.mark.usefixtures("hasty")
def test_write_that_could_not_begin_in_time_is_never_sent(
    fake: FakeForge, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slowly(*args: Any, **values: Any) -> Any:
        time.sleep(2 * http.WRITE_SECONDS)
        return look_up(*args, **values)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with client_for(fake.row()) as client, pytest.raises(Unavailable, match="within 1 s"):
        client.comment(PATH, pull.number, "Hello")
    assert fake.asked == []


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
