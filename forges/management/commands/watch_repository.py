"""Watch repositories of a connected forge."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forges import connecting
from forges.errors import ForgeError
from forges.models import Forge, Repository


class Command(BaseCommand):
    help = (
        "Watch repositories: their pull requests are read from now on, at once and whenever a "
        "webhook tells of a change. Those of known bots are taken in; --label and --branch name "
        "others. Running it again for a repository replaces its rules."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("forge", metavar="FORGE", help="the name that it was connected under")
        parser.add_argument("paths", metavar="PATH", nargs="+", help="owner/name, group/sub/name")
        parser.add_argument(
            "--label", action="append", default=[], help="take those with this label; repeatable"
        )
        parser.add_argument(
            "--branch",
            action="append",
            default=[],
            help="take those from branches like this, with * and ?; repeatable",
        )
        parser.add_argument(
            "--only-fixes", action="store_true", help="leave out those that fix nothing known"
        )
        parser.add_argument("--stop", action="store_true", help="stop watching; what is read stays")

    def handle(self, *args: Any, paths: list[str], **options: Any) -> None:
        forge = Forge.objects.filter(name=options["forge"]).first()
        if forge is None:
            raise CommandError(f"no forge is connected as {options['forge']!r}")
        failed = 0
        for path in paths:
            try:
                self._stop(forge, path) if options["stop"] else self._watch(forge, path, options)
            except (ForgeError, LookupError) as error:
                failed += 1
                self.stderr.write(f"{path}: {error}")
        if failed:
            raise CommandError(f"{failed} of {len(paths)} failed")

    def _watch(self, forge: Forge, path: str, options: dict[str, Any]) -> None:
        repository = connecting.watch(
            forge,
            path,
            labels=options["label"],
            branches=options["branch"],
            takes_unfixing=not options["only_fixes"],
        )
        self.stdout.write(f"{repository.path}: watched")

    def _stop(self, forge: Forge, path: str) -> None:
        repository = Repository.objects.filter(forge=forge, path__iexact=path).first()
        if repository is None:
            raise LookupError("is not among the repositories")
        connecting.unwatch(repository)
        self.stdout.write(f"{repository.path}: not watched any more")
