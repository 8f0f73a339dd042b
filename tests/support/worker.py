"""Another process that writes: `python -m tests.support.worker`.

It reads calls of the functions below as JSON lines and answers each with a line of JSON.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django


def create(count: int, roll_back: bool = False, forget: bool = False) -> list[str]:
    """Add APVs one by one in one transaction, whose events it may `forget` before they commit."""
    from django.db import transaction

    from realtime.models import Event
    from reviews.models import APV

    fields = {"severity": "LOW", "package_name": "worker", "patch_strategy": "version_bump"}
    with transaction.atomic():
        apvs = [APV.objects.create(**fields, pr_number=1) for _ in range(count)]
        if forget:
            Event.objects.filter(channel="apvs").delete()
        transaction.set_rollback(roll_back)
    return [str(apv.apv_id) for apv in apvs]


def decide(apv_id: str, kind: str) -> None:
    from django.contrib.auth import get_user_model

    from reviews import services

    services.decide(
        apv_id=apv_id,  # type: ignore[arg-type]
        decision=kind,
        justification="Decided in another process.",
        modifications={"version": "2"},
        reviewer=get_user_model().objects.get(username="lead"),
    )


def touch() -> None:
    """Change every APV without an event in the logs."""
    from reviews.models import APV

    APV.objects.update(priority=5)


def prune(events: int) -> None:
    """Keep only the last `events` of each log."""
    from realtime import pruning

    pruning.prune(days=7, events=events)


def restore(tops: dict[str, int]) -> None:
    """Reset the logs to their positions at `tops`, as restoring a backup does."""
    from django.core.management import call_command
    from django.db import transaction

    from realtime.models import Counter, Event

    with transaction.atomic():
        for channel, top in tops.items():
            Counter.objects.filter(channel=channel).update(top=top)
            Event.objects.filter(channel=channel, offset__gt=top).delete()
        call_command("renew_epochs", stdout=io.StringIO())


def send(channel: str, epoch: str, events: list[list[Any]]) -> None:
    """Send events of a log to its channel's group, whether the log has them or not."""
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer

    from realtime import broker

    message = broker.log_events(channel, epoch, [(offset, text) for offset, text in events])
    async_to_sync(get_channel_layer().group_send)(channel, message)


CALLS: dict[str, Callable[..., Any]] = {
    call.__name__: call for call in (create, decide, touch, prune, restore, send)
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
    django.setup()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        sys.stdout.write(json.dumps(CALLS[name](**arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
