"""Calls of the Python client whose answers are lost: they are sent again, and happen once."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hitl_client import errors
from hitl_client.backoff import MOST, Backoff
from hitl_client.exchange import MOST_PATIENCE
from tests.support.both_clients import Connect
from tests.support.certificates import certificate_for
from tests.support.lost_answers import LostAnswers
from tests.support.site import Server, apv

JUSTIFICATION = "The bump is minimal and the wargame holds."


@pytest.fixture
def way(server: Server) -> LostAnswers:
    return LostAnswers(server.origin)


@pytest.fixture
def address(way: LostAnswers) -> Iterator[str]:
    with way.serving() as url:
        yield url


@pytest.mark.parametrize("fate", ["lost", "half"])
def test_apv_whose_answers_are_lost_is_added_once(
    connect: Connect, way: LostAnswers, address: str, fate: str
) -> None:
    package = f"lost-{uuid4().hex}"
    way.fates = [fate, fate]
    added = connect("pipeline", address).add_apv(apv(package_name=package))
    keys = [key for _, _, key in way.seen]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    page = connect("pipeline").apvs_page(package_name=package)
    assert [one.apv_id for one in page.items] == [added.apv_id]


def test_decision_whose_answer_is_lost_is_made_once(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    added = connect("pipeline").add_apv(apv())
    way.fates = ["lost"]
    made = connect("reviewer", address).decide(added.apv_id, "approve", JUSTIFICATION)
    assert [one.decision_id for one in connect().history(added.apv_id)] == [made.decision_id]


def test_retraction_whose_answer_is_lost_happens_once(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    added = connect("pipeline").add_apv(apv())
    made = connect().decide(added.apv_id, "approve", JUSTIFICATION)
    way.fates = ["lost"]
    record = connect("reviewer", address).retract(made.decision_id, "It was the wrong row.")
    assert record.retraction is not None
    assert len(way.seen) == 2


def test_two_calls_are_two_apvs(connect: Connect) -> None:
    pipeline = connect("pipeline")
    assert pipeline.add_apv(apv()).apv_id != pipeline.add_apv(apv()).apv_id


def test_list_is_read_on_after_a_lost_page(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    package = f"pages-{uuid4().hex}"
    connect("pipeline").add_apvs([apv(package_name=package) for _ in range(201)])
    way.fates = ["lost", "arrives", "half"]
    rows = connect("reviewer", address).queue(package_name=package)
    assert len({one.apv_id for one in rows}) == len(rows) == 201


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_call_is_sent_again_after_a_status_that_passes(
    connect: Connect, way: LostAnswers, address: str, status: int
) -> None:
    way.fates, way.headers = [status], {"Retry-After": "0"}
    connect("reviewer", address).stats()
    assert len(way.seen) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
def test_call_is_not_sent_again_after_another_status(
    connect: Connect, way: LostAnswers, address: str, status: int
) -> None:
    way.fates = [status, status]
    with pytest.raises(errors.Problem) as refused:
        connect("reviewer", address).stats()
    assert refused.value.status == status
    assert len(way.seen) == 1


def test_client_waits_as_long_as_the_server_asks_or_gives_up_at_once(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    way.fates, way.headers = [429, 429], {"Retry-After": "3600"}
    with pytest.raises(errors.TooManyRequests) as refused:
        connect("reviewer", address, patience=60).stats()
    assert refused.value.retry_after == 3600
    assert len(way.seen) == 1


def test_redirect_is_not_followed_with_the_token(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    way.fates, way.headers = [302], {"Location": "http://elsewhere.example.com/"}
    with pytest.raises(errors.Problem, match=r"at http://elsewhere"):
        connect("reviewer", address).stats()


def test_patience_ends(connect: Connect, way: LostAnswers, address: str) -> None:
    way.fates = ["lost"] * 100
    with pytest.raises(errors.Unreachable, match=address):
        connect("reviewer", address, patience=1).stats()
    assert len(way.seen) < 100


def test_server_that_is_not_there_is_unreachable(connect: Connect) -> None:
    with pytest.raises(errors.Unreachable, match=r"^http://127\.0\.0\.1:1: .+"):
        connect(url="http://127.0.0.1:1", patience=0).stats()


def test_certificate_counts_only_if_its_authority_is_trusted(
    connect: Connect, way: LostAnswers, tmp_path: Path
) -> None:
    own = certificate_for()
    (tmp_path / "both.pem").write_bytes(own.certificate + own.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "both.pem")
    with way.serving(tls) as address:
        trusting = ssl.create_default_context(cadata=own.certificate.decode())
        connect("reviewer", address, tls=trusting).stats()
        reviewer = connect("reviewer", address, patience=600)
        with pytest.raises(errors.Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            reviewer.stats()
        with pytest.raises(errors.Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            reviewer.followed(1, "apvs")
    assert len(way.seen) == 1


def test_patience_ends_before_the_server_forgets_keys(connect: Connect) -> None:
    with pytest.raises(errors.Misconfigured, match="43,200"):
        connect(patience=MOST_PATIENCE + 1)


def test_answer_of_something_else_is_no_answer(
    connect: Connect, way: LostAnswers, address: str
) -> None:
    way.fates = [200]
    with pytest.raises(errors.UnexpectedAnswer, match="no answer of the console"):
        connect("reviewer", address).stats()


def test_waits_are_spread_between_nothing_and_a_limit_that_doubles() -> None:
    waits = [[backoff.next() for _ in range(8)] for backoff in (Backoff() for _ in range(400))]
    for attempt, column in enumerate(zip(*waits, strict=True)):
        limit = min(MOST, 2.0**attempt)
        assert 0 <= min(column) < limit / 10
        assert limit * 0.9 < max(column) <= limit
