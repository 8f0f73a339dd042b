"""Find out which pull requests a webhook is about."""

import json
from collections.abc import Callable, Iterator

from django.db import transaction
from django.db.models import Q
from django.utils.text import Truncator

from forges import renames
from forges.choices import DeliveryState, PullRequestState
from forges.models import Delivery, PullRequest, Repository
from forges.texts import storable
from forges.webhooks.kinds import KINDS
from forges.webhooks.kinds.base import MOST_NUMBERS, Hint
from realtime import clock

ENDED = (DeliveryState.PROCESSED, DeliveryState.IGNORED)


class Ignored(Exception):
    """A webhook makes nothing happen; the message says why."""


def process(key: int, read_soon: Callable[[int, int], object]) -> None:
    """Call `read_soon` for the pull requests that a delivery is about, and record that together.

    It is called with the repository's key and a number. A delivery that was processed already, or
    that is pruned, makes nothing happen.
    """
    found = Delivery.objects.select_for_update(of=("self",)).select_related("forge")
    try:
        with transaction.atomic():
            delivery = found.filter(pk=key).exclude(state__in=ENDED).first()
            if delivery is not None:
                _process(delivery, read_soon)
    except Exception as error:
        _end(Delivery(pk=key), DeliveryState.FAILED, f"{type(error).__name__}: {error}")
        raise


def _process(delivery: Delivery, read_soon: Callable[[int, int], object]) -> None:
    try:
        repository, numbers = _subject(delivery)
    except Ignored as why:
        return _end(delivery, DeliveryState.IGNORED, str(why))
    for number in numbers:
        read_soon(repository.pk, number)
    named = ", ".join(f"#{number}" for number in numbers)
    return _end(delivery, DeliveryState.PROCESSED, f"{repository.path}: {named}")


def _end(delivery: Delivery, state: DeliveryState, note: str) -> None:
    delivery.state, delivery.processed_at = state, clock.now()
    delivery.note = Truncator(storable(note)).chars(1000)
    delivery.save(update_fields=["state", "note", "processed_at"])


def _subject(delivery: Delivery) -> tuple[Repository, list[int]]:
    """Return the repository and the numbers that a delivery is about. Raise Ignored."""
    hint = KINDS[delivery.forge.kind].hint(delivery.event, json.loads(bytes(delivery.body)))
    if not hint.is_about_a_repository:
        raise Ignored("It is not about a repository.")
    repository = _repository(delivery, hint)
    renames.follow(repository, path=hint.path, remote_id=hint.remote_id)
    if not repository.watched:
        raise Ignored(f"{repository.path} is not watched.")
    if not hint.is_about_pull_requests:
        raise Ignored("It is not about a pull request.")
    numbers = _numbers(repository, hint)
    if not numbers:
        raise Ignored("No open pull request has its commit or its branch.")
    return repository, numbers


def _repository(delivery: Delivery, hint: Hint) -> Repository:
    """Return the repository with the id, or with the path if no other id is known for it."""
    ours = Repository.objects.filter(forge=delivery.forge_id)
    by_id = ours.filter(remote_id=hint.remote_id).first() if hint.remote_id else None
    same = Q(remote_id="") if hint.remote_id else Q()
    by_path = ours.filter(same, path__iexact=hint.path).first() if hint.path else None
    found = by_id or by_path
    if found is None:
        raise Ignored(f"{hint.path or hint.remote_id} is not among the repositories.")
    return found


def _numbers(repository: Repository, hint: Hint) -> list[int]:
    return [*dict.fromkeys([*hint.numbers, *_known(repository, hint)])][:MOST_NUMBERS]


def _known(repository: Repository, hint: Hint) -> Iterator[int]:
    """Return the open pull requests with the commits or branches; several may share one."""
    by_place = Q(head_sha__in=hint.commits) | Q(head_ref__in=hint.branches)
    if not (hint.commits or hint.branches):
        return
    opened = PullRequest.objects.filter(repository=repository, state=PullRequestState.OPEN)
    yield from opened.filter(by_place).values_list("number", flat=True)[:MOST_NUMBERS]
