"""Start new epochs after a backup was restored."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from realtime.models import Counter, new_epoch


class Command(BaseCommand):
    help = (
        "Begin a new epoch in every channel. Run it after a database was restored: clients may "
        "know of events that the restored one does not, and are told to reload."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for counter in Counter.objects.select_for_update().order_by("channel"):
            counter.epoch = new_epoch()
            counter.save(update_fields=["epoch"])
            self.stdout.write(f"{counter.channel}: epoch {counter.epoch}, offset {counter.top}")
