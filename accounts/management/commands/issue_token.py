"""Make an API token."""

import argparse
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.credentials.api_token import MOST_TOKEN_DAYS, TOKEN_DAYS, issue_token


class Command(BaseCommand):
    help = (
        "Make an API token for a program that acts as USER, over REST and the socket, and print "
        "it. Only its hash is stored: it is not shown again. Staff revoke it in the administration."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the name of the user to act as")
        parser.add_argument(
            "--days",
            type=int,
            default=TOKEN_DAYS,
            help="days until it expires (default: %(default)s)",
        )

        parser.add_argument(
            "--owner",
            metavar="OWNER",
            default="",
            help="the user who keeps the token: policies count them as who adds what it adds",
        )

    @transaction.atomic
    def handle(
        self, *args: Any, user: str, days: int = TOKEN_DAYS, owner: str = "", **options: Any
    ) -> None:
        """Print the token before the commit, so that none exists that was not shown."""
        if not 1 <= days <= MOST_TOKEN_DAYS:
            raise CommandError(f"--days must be from 1 to {MOST_TOKEN_DAYS:,}, not {days}")
        found = _user(user)
        if not found.is_active:
            raise CommandError(f"the account of {user!r} is disabled")
        row, secret = issue_token(found, days=days, by=_user(owner) if owner else None)
        self.stderr.write(f"A token of {user}, good until {row.expiry:%Y-%m-%d %H:%M} UTC:")
        self.stdout.write(secret)
        self.stdout.flush()


def _user(name: str) -> Any:
    found = get_user_model().objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"there is no user {name!r}")
    return found
