"""The Python client over REST, against a real server; each call with both of its classes."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from hitl_client import errors
from tests.support.both_clients import Connect
from tests.support.site import Server, apv

JUSTIFICATION = "The bump is minimal and the wargame holds."


def test_pipeline_adds_an_apv_which_a_reviewer_reads_and_decides(connect: Connect) -> None:
    added = connect("pipeline").add_apv(apv())
    reviewer = connect()
    read = reviewer.apv(added.apv_id)
    assert (read.apv_code, read.status, read.patch_diff) == (
        added.apv_code,
        "pending",
        added.patch_diff,
    )
    made = reviewer.decide(read.apv_id, "approve", JUSTIFICATION, version=read.version)
    assert (made.decision, made.apv_version, made.reviewer_name) == (
        "approve",
        read.version,
        "Rita Reviewer",
    )
    assert reviewer.decision(made.decision_id) == made
    assert [one.decision_id for one in reviewer.history(read.apv_id)] == [made.decision_id]
    assert reviewer.apv(str(read.apv_id)).status == "approved"


def test_several_apvs_are_added_all_or_none(connect: Connect) -> None:
    pipeline, package = connect("pipeline"), f"several-{uuid4().hex}"
    good, bad = apv(package_name=package), apv(package_name=package, severity="LOUD")
    with pytest.raises(errors.InvalidInput) as refused:
        pipeline.add_apvs([good, bad])
    assert list(refused.value.errors) == ["[1].severity"]
    assert pipeline.apvs_page(package_name=package).total == 0
    added = pipeline.add_apvs([good, good, good])
    assert len({one.apv_id for one in added}) == 3


def test_queue_is_read_page_by_page_with_its_filters(connect: Connect) -> None:
    package = f"paged-{uuid4().hex}"
    rows = [apv(package_name=package, severity=one) for one in ("LOW", "CRITICAL") * 103]
    connect("pipeline").add_apvs(rows)
    reviewer = connect()
    assert [one.severity for one in reviewer.queue(package_name=package)] == [
        *["CRITICAL"] * 103,
        *["LOW"] * 103,
    ]
    assert {one.severity for one in reviewer.queue(package_name=package, severity="LOW")} == {"LOW"}
    first = reviewer.queue_page(package_name=package, limit=5)
    second = reviewer.queue_page(package_name=package, limit=5, after=first.next)
    assert (first.total, len(first.items), len(second.items)) == (206, 5, 5)
    assert not {one.apv_id for one in first.items} & {one.apv_id for one in second.items}
    assert {"apvs", "decisions", "changes"} <= first.positions.keys()
    listed = reviewer.apvs(package_name=package, status="pending", ordering="-created_at")
    assert len(listed) == 206


def test_decisions_are_listed_by_their_filters(connect: Connect) -> None:
    added = connect("pipeline").add_apv(apv())
    reviewer = connect()
    before = datetime.now(UTC)
    made = reviewer.decide(added.apv_id, "escalate", JUSTIFICATION, confidence=0.4)
    listed = reviewer.decisions(
        apv=added.apv_id, decision="escalate", decided_after=made.decided_at
    )
    assert [one.decision_id for one in listed] == [made.decision_id]
    assert reviewer.decisions_page(apv=added.apv_id, decided_before=before).total == 0
    assert (made.confidence, made.confidence_stated) == (0.4, True)


def test_decision_is_taken_back(connect: Connect) -> None:
    added = connect("pipeline").add_apv(apv())
    reviewer = connect()
    made = reviewer.decide(added.apv_id, "reject", JUSTIFICATION)
    record = reviewer.retract(made.decision_id, "It was the wrong row.")
    assert record.retraction.reason == "It was the wrong row."
    assert reviewer.apv(added.apv_id).status == "pending"


def test_outcome_of_a_decision_is_reported_once(connect: Connect) -> None:
    pipeline = connect("pipeline")
    added = pipeline.add_apv(apv())
    made = connect().decide(added.apv_id, "approve", JUSTIFICATION)
    assert made.effect.state == "external"
    effect = pipeline.report_outcome(made.decision_id, "done", url="https://git.example.com/7")
    assert (effect.state, effect.url) == ("done", "https://git.example.com/7")
    with pytest.raises(errors.Conflict, match="settled"):
        pipeline.report_outcome(made.decision_id, "failed")


def test_evidence_is_changed_at_the_version_that_was_read(connect: Connect) -> None:
    pipeline = connect("pipeline")
    added = pipeline.add_apv(apv())
    changed = pipeline.change_evidence(
        added.apv_id, {"wargame_verdict": "failure"}, version=added.version
    )
    assert (changed.wargame_verdict, changed.version) == ("failure", added.version + 1)
    with pytest.raises(errors.VersionChanged) as refused:
        pipeline.change_evidence(added.apv_id, {"confirmed": False}, version=added.version)
    assert refused.value.version == changed.version


def test_changed_packages_are_sent_and_read(connect: Connect) -> None:
    change = {"package": "requests", "ecosystem": "PyPI", "from": "2.30.0", "to": "2.31.0"}
    added = connect("pipeline").add_apv(apv(changes=[change]))
    [read] = connect().apv(added.apv_id).changes
    assert (read.package, read.from_, read.to) == ("requests", "2.30.0", "2.31.0")
    assert read.model_dump(by_alias=True)["from"] == "2.30.0"


def test_numbers_and_tickets_are_read(connect: Connect, server: Server) -> None:
    reviewer = connect()
    server.add_apv()
    assert reviewer.stats().pending_reviews > 0
    assert reviewer.ticket().expires_in == 30


# -- What the server refuses ------------------------------------------------------------------


def test_problem_has_the_fields_of_its_document(connect: Connect) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        connect("pipeline").add_apv(apv(severity="LOUD", cvss_score=11))
    problem = refused.value
    assert (problem.status, problem.title, problem.type) == (400, "Bad Request", "about:blank")
    assert problem.errors.keys() == {"severity", "cvss_score"}
    assert problem.members["detail"] == problem.detail
    assert "severity: " in str(problem)
    assert "\n" not in str(problem)


def test_second_decision_is_told_of_the_first(connect: Connect) -> None:
    added = connect("pipeline").add_apv(apv())
    first = connect().decide(added.apv_id, "approve", JUSTIFICATION)
    with pytest.raises(errors.AlreadyDecided) as refused:
        connect("lead").decide(added.apv_id, "reject", JUSTIFICATION)
    assert refused.value.decision
    assert refused.value.decision.decision_id == first.decision_id


def test_decision_on_a_version_that_is_gone_is_refused(connect: Connect) -> None:
    pipeline = connect("pipeline")
    added = pipeline.add_apv(apv())
    pipeline.change_evidence(added.apv_id, {"confirmed": False}, version=added.version)
    with pytest.raises(errors.VersionChanged) as refused:
        connect().decide(added.apv_id, "approve", JUSTIFICATION, version=added.version)
    assert (refused.value.status, refused.value.version) == (409, added.version + 1)


def test_key_with_another_body_is_refused(connect: Connect) -> None:
    pipeline, key = connect("pipeline"), str(uuid4())
    first = pipeline.add_apv(apv(), idempotency_key=key)
    assert pipeline.add_apv(apv(), idempotency_key=key).apv_id == first.apv_id
    with pytest.raises(errors.KeyUsed):
        pipeline.add_apv(apv(severity="LOW"), idempotency_key=key)


def test_user_without_the_permission_is_refused(connect: Connect) -> None:
    with pytest.raises(errors.NotAllowed):
        connect().add_apv(apv())


def test_unknown_apv_is_not_found(connect: Connect) -> None:
    with pytest.raises(errors.NotFound):
        connect().apv(uuid4())


def test_what_is_no_id_never_becomes_an_address(connect: Connect) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        connect().apv("../token")


# -- Credentials and addresses ----------------------------------------------------------------


@pytest.mark.parametrize("token", ["hitl_" + "0" * 64, "nonsense"])
def test_unknown_token_is_unauthorized(connect: Connect, token: str) -> None:
    with pytest.raises(errors.Unauthorized) as refused:
        connect(token=token).stats()
    assert token not in str(refused.value)


@pytest.mark.parametrize("token", ["", "a b", "käse", "line\nbreak"])
def test_token_that_fits_in_no_header_is_refused_before_it_is_sent(
    connect: Connect, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HITL_TOKEN", raising=False)
    with pytest.raises(errors.Misconfigured, match=r"characters that no token|Set HITL_TOKEN"):
        connect(token=token).stats()


def test_function_gives_the_token_of_the_moment(connect: Connect, tokens: dict[str, str]) -> None:
    given = ["nonsense", tokens["reviewer"]]
    reviewer = connect(token=lambda: given.pop(0))
    with pytest.raises(errors.Unauthorized):
        reviewer.stats()
    reviewer.stats()


def test_no_log_and_no_text_of_a_client_has_the_token(
    connect: Connect, tokens: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reviewer = connect()
    reviewer.stats()
    reviewer.followed(1, "stats")
    assert {"send_request_headers.complete", "Following stats."} <= set(caplog.messages)
    assert tokens["reviewer"] not in caplog.text
    assert tokens["reviewer"] not in f"{reviewer._client!r} {reviewer._client.server!r}"


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "console.example.com", "http://", "https://u:p@x", "http://[::1", "x://"]
)
def test_address_that_is_none_is_refused(
    connect: Connect, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HITL_URL", raising=False)
    with pytest.raises(errors.Misconfigured):
        connect(url=url)


def test_token_is_not_sent_unencrypted_to_another_machine(connect: Connect) -> None:
    with pytest.raises(errors.Misconfigured, match="unencrypted"):
        connect(url="http://console.example.com")
    connect(url="http://console.example.com", allow_http=True)


def test_what_is_no_console_is_said_so(connect: Connect, server: Server) -> None:
    with pytest.raises(errors.NotFound):
        connect(url=f"{server.origin}/elsewhere").stats()
