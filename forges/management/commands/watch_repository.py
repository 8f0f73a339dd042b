"""Watch repositories of a connected forge."""

import argparse
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from forges import connecting
from forges.choices import MergeMethod
from forges.errors import ForgeError
from forges.management.words import in_a_line
from forges.models import Forge, Repository

EFFECTS = ("merge_method", "deletes_branch", "assignee", "names_reviewers")
"""The fields that say how decisions are carried out."""


class Command(BaseCommand):
    help = (
        "Watch repositories: their pull requests are read from now on, at once and whenever a "
        "webhook tells of a change. Those of known bots are taken in; --label and --branch name "
        "others. Running it again for a repository replaces these rules; how decisions are carried "
        "out stays as it is, unless an option says otherwise."
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
        decisions = parser.add_argument_group("what decisions do; what is not given stays")
        decisions.add_argument(
            "--merge-method",
            choices=MergeMethod.values,
            help="how approved ones are merged (at first: merge, or what the repository allows)",
        )
        decisions.add_argument(
            "--delete-branch",
            action=argparse.BooleanOptionalAction,
            dest="deletes_branch",
            help="whether their branch is deleted then, unless it is in a fork (at first: no)",
        )
        decisions.add_argument(
            "--assignee",
            metavar="ACCOUNT",
            help="whom escalated ones are assigned to; '' for nobody (at first: nobody)",
        )
        decisions.add_argument(
            "--name-reviewers",
            action=argparse.BooleanOptionalAction,
            dest="names_reviewers",
            help="whether comments on the forge say who decided (at first: no)",
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
                problem = str(error)
            except ValidationError as error:
                problem = in_a_line(error)
            else:
                continue
            failed += 1
            self.stderr.write(f"{path}: {problem}")
        if failed:
            raise CommandError(f"{failed} of {len(paths)} failed")

    def _watch(self, forge: Forge, path: str, options: dict[str, Any]) -> None:
        repository = connecting.watch(
            forge,
            path,
            labels=options["label"],
            branches=options["branch"],
            takes_unfixing=not options["only_fixes"],
            **{name: options[name] for name in EFFECTS if options[name] is not None},
        )
        self.stdout.write(f"{repository.path}: watched")

    def _stop(self, forge: Forge, path: str) -> None:
        repository = Repository.objects.filter(forge=forge, path__iexact=path).first()
        if repository is None:
            raise LookupError("is not among the repositories")
        connecting.unwatch(repository)
        self.stdout.write(f"{repository.path}: not watched any more")
