"""Begin new epochs, which has every client reload."""

from typing import Any

from django.core.management.base import BaseCommand

from realtime.log import begin_epochs
from realtime.models import Counter


class Command(BaseCommand):
    help = (
        "Begin a new epoch in every channel, which has every client reload. Run it after you put "
        "the files of a database back as they were; after other ways of restoring, and after a "
        "failover, it happens by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for counter in begin_epochs(Counter.objects.all()):
            self.stdout.write(f"{counter.channel}: epoch {counter.epoch}, offset {counter.top}")
