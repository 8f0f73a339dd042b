"""Delete events that are too old or too many."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from realtime.pruning import prune


class Command(BaseCommand):
    help = (
        "Delete the events of each channel that are older than HITL_HISTORY_DAYS or beyond the "
        "last HITL_HISTORY_EVENTS. Servers do this regularly too. Offsets continue as before; a "
        "client whose position is among the deleted events must reload."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, default=settings.HITL_HISTORY_DAYS, help="keep at most so many days"
        )
        parser.add_argument(
            "--events",
            type=int,
            default=settings.HITL_HISTORY_EVENTS,
            help="keep at most so many events in each channel",
        )

    def handle(self, *args: Any, days: int, events: int, **options: Any) -> None:
        if days < 0 or events < 0:
            raise CommandError("--days and --events take 0 or more")
        for channel, dropped in prune(days=days, events=events).items():
            self.stdout.write(f"{channel}: {dropped} events dropped")
