"""What follows from webhooks that were kept."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from forges.choices import DeliveryState
from forges.models import Delivery, Forge, PullRequest, Repository
from forges.tasks import process_delivery
from forges.webhooks import inbox
from tests.support.forge_rows import pull_request
from tests.support.forge_webhooks import connected, jobs, payload, send
from tests.support.site import ROOT

EXAMPLES = ROOT / "node_modules" / "@octokit" / "webhooks-examples" / "api.github.com"

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository(forge: Forge) -> Repository:
    return Repository.objects.create(forge=forge, path="acme/shop", remote_id="7")


def processed() -> Delivery:
    """Process the only delivery, as its job does, and return it."""
    delivery = Delivery.objects.get()
    process_delivery(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_its_pull_request_is_read(forge: Forge, repository: Repository) -> None:
    send(forge, payload(forge))
    delivery = processed()
    assert (delivery.state, delivery.note) == (DeliveryState.PROCESSED, "acme/shop: #5")
    assert delivery.processed_at
    assert jobs("forges.read_pull_request") == [{"repository_id": repository.pk, "number": 5}]


def test_many_webhooks_about_one_pull_request_lead_to_one_reading(
    forge: Forge, repository: Repository
) -> None:
    for number in range(20):
        send(forge, payload(forge), f"d-{number}")
    for delivery in Delivery.objects.all():
        process_delivery(delivery.pk)
    assert len(jobs("forges.read_pull_request")) == 1
    assert not Delivery.objects.exclude(state=DeliveryState.PROCESSED).exists()


def test_processing_twice_does_nothing_twice(forge: Forge, repository: Repository) -> None:
    send(forge, payload(forge))
    processed()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    processed()
    assert jobs("forges.read_pull_request") == []


def test_repository_that_is_not_watched_is_left_alone(forge: Forge, repository: Repository) -> None:
    repository.watched = False
    repository.save()
    send(forge, payload(forge))
    assert processed().note == "acme/shop is not watched."


@pytest.mark.parametrize(
    ("remote_id", "path"), [(8, "acme/other"), (8, "acme/shop")], ids=["unknown", "made anew"]
)
def test_unknown_repository_is_ignored(
    forge: Forge, repository: Repository, remote_id: int, path: str
) -> None:
    send(forge, payload(forge, remote_id=remote_id, path=path))
    delivery = processed()
    assert delivery.state == DeliveryState.IGNORED
    assert delivery.note == f"{path} is not among the repositories."


def test_renamed_repository_is_known_by_its_id(forge: Forge, repository: Repository) -> None:
    send(forge, payload(forge, path="acme/store"))
    assert processed().note == "acme/store: #5"
    repository.refresh_from_db()
    assert repository.path == "acme/store"


def test_repository_without_an_id_is_known_by_its_path(
    forge: Forge, repository: Repository
) -> None:
    Repository.objects.update(remote_id="")
    send(forge, payload(forge, path="Acme/Shop"))
    assert processed().state == DeliveryState.PROCESSED
    repository.refresh_from_db()
    assert repository.remote_id == "7"


COMMIT = "a" * 40


def about_commits(kind: str) -> Iterator[tuple[str, Any]]:
    """Return payloads that name a commit or a branch, but no pull request."""
    if kind == "gitlab":
        project = {"project": {"id": 7, "path_with_namespace": "acme/shop"}}
        yield (
            "Pipeline Hook",
            {
                "object_kind": "pipeline",
                "object_attributes": {"sha": COMMIT},
                **project,
            },
        )
        yield "Job Hook", {"object_kind": "build", "sha": COMMIT, "project_id": 7}
        yield "Push Hook", {"object_kind": "push", "before": COMMIT, "after": "b", **project}
        yield "Push Hook", {"object_kind": "push", "ref": "refs/heads/bump", **project}
        return
    repository = {"repository": {"id": 7, "full_name": "acme/shop"}}
    yield "status", {"sha": COMMIT, **repository}
    yield "push", {"ref": "refs/heads/x", "before": COMMIT, "after": "b" * 40, **repository}
    yield "push", {"ref": "refs/heads/bump", **repository}
    yield "workflow_run", {"workflow_run": {"head_sha": COMMIT}, **repository}
    if kind == "github":
        yield "check_run", {"check_run": {"head_sha": COMMIT, "pull_requests": []}, **repository}
        yield "check_suite", {"check_suite": {"head_sha": COMMIT}, **repository}


def test_pull_requests_are_found_by_commit_and_branch(forge: Forge, repository: Repository) -> None:
    pull_request(repository, 3, head_sha=COMMIT, head_ref="bump").save()
    pull_request(repository, 4, head_sha=COMMIT, head_ref="bump", state="closed").save()
    for event, body in about_commits(forge.kind):
        Delivery.objects.all().delete()
        send(forge, body, event=event)
        assert processed().note == "acme/shop: #3", (event, body)


def test_commit_of_no_pull_request_is_ignored(forge: Forge, repository: Repository) -> None:
    for event, body in about_commits(forge.kind):
        Delivery.objects.all().delete()
        send(forge, body, event=event)
        assert processed().state == DeliveryState.IGNORED, (event, body)


def test_unknown_event_is_kept_as_ignored(forge: Forge, repository: Repository) -> None:
    send(forge, {"zen": "Keep it logically awesome.", "object_kind": "unheard_of"}, event="ping")
    delivery = processed()
    assert delivery.state == DeliveryState.IGNORED
    assert delivery.note == "It is not about a repository."


ODD: list[Any] = [None, True, 0, -1, 2**64, 1.5, "x", "\0", "\ud800", [], {}, [[]], "x" * 10_000]


@pytest.mark.parametrize("odd", ODD, ids=[ascii(one)[:8] for one in ODD])
def test_odd_payload_is_no_error(forge: Forge, repository: Repository, odd: Any) -> None:
    base = payload(forge)
    for name, value in base.items():
        for changed in (odd, dict.fromkeys(value, odd) if isinstance(value, dict) else odd):
            Delivery.objects.all().delete()
            assert send(forge, {**base, name: changed}).status_code == 202
            assert processed().state in {DeliveryState.PROCESSED, DeliveryState.IGNORED}


def test_failure_is_written_down_and_raised(
    forge: Forge, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("forges.webhooks.processing._repository", fail)
    send(forge, payload(forge))
    with pytest.raises(RuntimeError):
        processed()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.note) == (DeliveryState.FAILED, "RuntimeError: a mistake")
    monkeypatch.undo()
    inbox.process_again(delivery)
    assert processed().state == DeliveryState.PROCESSED


# -- What GitHub really sends -----------------------------------------------------------------


def examples() -> list[tuple[str, int, Any]]:
    """Return every example of npm's @octokit/webhooks-examples: event, number, payload."""
    index = Path(EXAMPLES / "index.json")
    assert index.exists(), "run make check once: it installs the examples"
    return [
        (one["name"], number, example)
        for one in json.loads(index.read_text())
        for number, example in enumerate(one["examples"])
    ]


def test_every_example_of_github_is_processed(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    forge = connected("github")
    known = {
        str(example["repository"]["id"]): example["repository"]["full_name"]
        for _, _, example in examples()
        if isinstance(example.get("repository"), dict) and "full_name" in example["repository"]
    }
    for remote_id, path in known.items():
        path = path if path not in known.values() else f"{path}-{remote_id}"
        Repository.objects.create(forge=forge, path=path, remote_id=remote_id)
    assert len(examples()) == 329
    for event, number, example in examples():
        assert send(forge, example, f"{event}-{number}", event=event).status_code == 202
    for delivery in Delivery.objects.all():
        process_delivery(delivery.pk)
    states = Delivery.objects.values_list("event", "state")
    assert {state for _, state in states} == {"processed", "ignored"}
    about = {event for event, state in states if state == "processed"}
    assert {"pull_request", "pull_request_review"} <= about
    reads = {tuple(one.items()) for one in jobs("forges.read_pull_request")}
    assert len(reads) == len(jobs("forges.read_pull_request")) > 0
    assert not PullRequest.objects.exists()  # nothing of a payload is believed
