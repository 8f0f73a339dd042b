"""Compare watched repositories with their forges now."""

import argparse
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forges.errors import ForgeError
from forges.models import Forge, Repository
from forges.reconciliation import Outcome, reconcile
from realtime.management.progress import add_progress_argument, follow


class Command(BaseCommand):
    help = (
        "Compare the open pull requests of watched repositories with what is stored, and read "
        "those that differ. Workers do this every HITL_FORGE_SYNC_MINUTES minutes too. A "
        "repository that cannot be read does not stop the others; the exit code is then 1."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("forges", metavar="FORGE", nargs="*", help="names (default: all)")
        add_progress_argument(parser)

    def handle(self, *args: Any, forges: list[str], progress: bool | None, **options: Any) -> None:
        known = set(Forge.objects.values_list("name", flat=True))
        if unknown := sorted(set(forges) - known):
            raise CommandError(f"no forge is connected as {', '.join(unknown)}")
        watched = Repository.objects.filter(watched=True, forge__name__in=forges or known)
        shown = partial(follow, unit=" pull requests", stream=self.stderr, wanted=progress)
        problems = [
            problem
            for repository in watched.select_related("forge").order_by("forge__name", "path")
            for problem in self._reconcile(repository, shown)
        ]
        if problems:
            raise CommandError(f"{len(problems)} problems")

    def _reconcile(self, repository: Repository, shown: Any) -> list[str]:
        """Print what was done, and return what failed."""
        name = f"{repository.forge.name} {repository.path}"
        try:
            outcome = reconcile(repository, shown)
        except ForgeError as error:
            outcome = Outcome(problems=[error.words])
        else:
            self.stdout.write(f"{name}: {outcome.listed:,} open, {len(outcome.read):,} read")
        for problem in outcome.problems:
            self.stderr.write(f"{name}: {problem}")
        return outcome.problems
