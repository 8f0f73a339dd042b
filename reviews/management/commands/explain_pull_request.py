"""Say what the console makes of pull requests."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from reviews.intake import BOTS, Change, PullRequest, Refused, Rules, explain
from reviews.management.json_files import Document, Unreadable, documents
from reviews.models import Advisory
from reviews.pull_requests.fixed_advisories import Fixed, fixed_advisories

Lookup = Callable[[list[Change]], list[Fixed]]
NOT_LOOKED_UP = "Advisories were not looked up: the database cannot be read."

EXAMPLES = """
examples:
  %(prog)s pull-request.json
  %(prog)s commits.jsonl.gz another.json
  git log -1 --format=%%B | jq -Rs --arg diff "$(git show --format=)" \\
      '{author: "dependabot[bot]", message: ., $diff}' | %(prog)s -

A pull request is a JSON object with `title`, `message`, `author` (the account that opened it, as
the forge names it), `branch`, `diff` and `labels`; all may be left out. Files hold one object, a
list of objects, or JSON Lines, and may be packed with gzip. The answer is one line of JSON for
each: `taken`, `why`, `changes`, `advisories`, `source` and `problems`.
"""


class Command(BaseCommand):
    help = (
        "Say of pull requests whether they are taken in and why, which packages they change, and "
        "which of the stored advisories (see import_osv) they fix. Nothing is kept."
    )

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help='"-" is standard input')
        parser.add_argument(
            "--author", action="append", default=[], help="also accept this account's pull requests"
        )
        parser.add_argument(
            "--label", action="append", default=[], help="accept pull requests with this label"
        )
        parser.add_argument(
            "--branch",
            action="append",
            default=[],
            metavar="PATTERN",
            help="accept branches that match, such as 'renovate/*'",
        )

    def handle(self, *args: Any, files: list[str], **options: Any) -> None:
        rules = Rules(
            BOTS | frozenset(settings.HITL_BOTS) | frozenset(options["author"]),
            tuple(options["label"]),
            tuple(options["branch"]),
        )
        failed, look_up = 0, self._lookup()
        for document in (one for file in files for one in documents(file)):
            try:
                answer = explained(document, rules, look_up)
            except (Unreadable, Refused) as why:
                failed += 1
                self.stderr.write(f"{document.where}: {why}")
            else:
                self.stdout.write(json.dumps(answer))
        if failed:
            raise CommandError(f"{failed:,} could not be read.")

    def _lookup(self) -> Lookup | None:
        """Return how advisories are looked up; None where there is no database with tables."""
        try:
            with transaction.atomic():
                Advisory.objects.exists()
        except DatabaseError as error:
            self.stderr.write(f"{NOT_LOOKED_UP} {str(error).partition(chr(10))[0]}")
            return None
        return fixed_advisories


def explained(document: Document, rules: Rules, look_up: Lookup | None) -> dict[str, Any]:
    """Return the answer; raises Unreadable and Refused."""
    said = explain(PullRequest.from_json(document.read()), rules)
    fixed = look_up(said.changes) if look_up else []
    return {
        "taken": said.taken,
        "why": said.why,
        "changes": [one.as_json() for one in said.changes],
        "advisories": [one.as_json() for one in fixed],
        "source": said.source,
        "problems": said.problems if look_up else [*said.problems, NOT_LOOKED_UP],
    }
