"""Start new epochs after a backup was restored."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from realtime.models import Counter, new_epoch


class Command(BaseCommand):
    help = (
        "Start a new epoch in every channel. Run it after you restore a database: clients may know "
        "events that the restored database does not have, and must reload."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for counter in Counter.objects.select_for_update().order_by("channel"):
            counter.epoch = new_epoch()
            counter.save(update_fields=["epoch"])
            self.stdout.write(f"{counter.channel}: epoch {counter.epoch}, offset {counter.top}")
