"""Move from the embedded PostgreSQL to a server of one's own."""

import contextlib
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError
from tqdm import tqdm

from forges.connecting import undecryptable
from hitl_project.embedded import copying, postgres, servers
from hitl_project.embedded.errors import EmbeddedServerError
from realtime import log

KEYS = (
    "everything was copied, but the settings do not have the keys of this data: set SECRET_KEY to "
    "what {path} holds, or HITL_AUDIT_KEYS and HITL_ENCRYPTION_KEYS to those it had; {reason}"
)


class Command(BaseCommand):
    help = (
        "Copy all data of the embedded PostgreSQL, in HITL_VAR, into the empty database that "
        "DATABASE_URL names, compare the two, and verify the audit there. Stop the console first. "
        "The embedded data stay as they are."
    )
    requires_system_checks = []  # they look at a database that is empty still

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DATABASE_URL:
            raise CommandError("DATABASE_URL must name the database to copy into")
        self._check_target()
        try:
            with servers.postgres_alone() as source:
                self._copy(source)
        except (EmbeddedServerError, copying.CannotCopy) as error:
            raise CommandError(str(error)) from None
        copying.analyze(settings.DATABASE_URL)
        with contextlib.suppress(ProgrammingError):  # an older log; `migrate` will know its history
            log.keep_epochs()
        self._check_keys()
        self.stdout.write(
            "Next: migrate, give the service's role its rights (docs/production.md), and start the "
            f"console with these settings. {settings.HITL_VAR} is as it was."
        )

    def _check_target(self) -> None:
        try:
            tables = copying.row_counts(settings.DATABASE_URL)
        except psycopg.OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"DATABASE_URL: cannot reach PostgreSQL: {reason}") from None
        if tables:
            raise CommandError(
                f"DATABASE_URL: the database is not empty: it has {len(tables)} tables, such as "
                f"{next(iter(tables))}"
            )

    def _copy(self, source: str) -> None:
        programs = postgres.programs_of(settings.HITL_VAR / "postgres")
        with tqdm(unit="B", unit_scale=True, desc="copied", disable=None) as progress:
            copying.copy(programs, source, settings.DATABASE_URL, progress.update)
        before, after = copying.row_counts(source), copying.row_counts(settings.DATABASE_URL)
        if before != after:
            differing = sorted(name for name in before if before[name] != after.get(name))
            raise CommandError(f"the copy differs in {', '.join(differing)}; do not use it")
        self.stdout.write(f"{sum(after.values())} rows in {len(after)} tables copied.")

    def _check_keys(self) -> None:
        """Verify the audit, and decrypt what forges gave, with the keys in the settings."""
        reason = ""
        try:
            call_command("verify_audit", stdout=self.stdout)
        except CommandError as error:
            reason = f"verify_audit: {error}"
        if names := [forge.name for forge in undecryptable()]:
            reason = f"the credentials of {', '.join(names)} cannot be decrypted"
        if reason:
            raise CommandError(KEYS.format(path=settings.HITL_VAR / "secret_key", reason=reason))
