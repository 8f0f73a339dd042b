"""Try a policy on the decisions of the past."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviews.errors import InvalidInput
from reviews.models import Policy
from reviews.policies import trying
from reviews.services.policies import checked_version


class Command(BaseCommand):
    help = (
        "Replay the decisions of the last days under a policy that is not in force: which "
        "approvals it would have refused, how much later the others would have been enough, and "
        "who would have had how much more work. Nothing is changed. Without --requirements, "
        "replay them under the policies that applied, and fail if one ends otherwise than recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--filter", default="", help="which APVs it is for; all if left out")
        parser.add_argument("--requirements", metavar="JSON", help="such as '{\"approvals\": 2}'")
        parser.add_argument("--instead-of", metavar="NAME", help="the policy whose version it is")
        parser.add_argument("--days", type=int, default=trying.DAYS)
        parser.add_argument("--most", type=int, default=trying.MOST, help="at most so many, newest")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("days", "most"):
            if not 1 <= options[name] <= 1_000_000:
                raise CommandError(f"--{name}: give a number from 1 to 1,000,000.")
        if options["days"] > 3650:
            raise CommandError("--days: give at most 3,650.")
        if options["requirements"] is None:
            self._check_record(options)
        else:
            self._try(options)

    def _check_record(self, options: dict[str, Any]) -> None:
        span = trying.last_days(options["days"], options["most"])
        wrong = 0
        for decision, outcome in trying.not_reproduced(span):
            wrong += 1
            recorded = trying.recorded_outcome(decision)
            self.stderr.write(f"{decision.pk} is recorded as {recorded}, and replayed as {outcome}")
        if wrong:
            raise CommandError(f"{wrong:,} of {span.count:,} decisions end otherwise.")
        self.stdout.write(f"All of {span.count:,} decisions end as recorded.")

    def _try(self, options: dict[str, Any]) -> None:
        policy = Policy(name="draft")
        if name := options["instead_of"]:
            policy = Policy.objects.filter(name=name).first() or self._unknown(name)
        try:
            draft = checked_version(policy, None, options["filter"], options["requirements"])
        except InvalidInput as error:
            raise CommandError(str(error)) from None
        self._say(trying.try_on_past(draft, days=options["days"], most=options["most"]))

    def _unknown(self, name: str) -> Policy:
        raise CommandError(f"--instead-of: there is no policy {json.dumps(name)}.")

    def _say(self, trial: trying.Trial) -> None:
        left = f" ({trial.span.left_out:,} older ones left out)" if trial.span.left_out else ""
        self.stdout.write(f"decisions{left}: {trial.span.count:,}")
        self.stdout.write(f"approvals that match: {trial.matched:,} of {trial.approvals:,}")
        self.stdout.write(f"of which nothing is known: {trial.unknown:,}")
        self.stdout.write(f"refused: {trial.refused:,}")
        for one in trial.named:
            self.stdout.write(f"  {one.code} {one.decided_at:%Y-%m-%d %H:%M} {one.why}")
        later = f"later: {len(trial.delays):,}"
        if trial.delays:
            usual, longest = (trial.usual_delay or 0) / 3600, (trial.longest_delay or 0) / 3600
            later += f" (median {usual:,.1f} hours, longest {longest:,.1f} hours)"
        self.stdout.write(later)
        self.stdout.write(f"still waiting: {trial.waiting:,}")
        self.stdout.write(f"with fewer approvals: {trial.sooner:,}")
        for name, count in trial.workers:
            self.stdout.write(f"more approvals by {name}: {count:,}")
