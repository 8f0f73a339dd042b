"""Make users to try the console with."""

import secrets
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import connection, transaction

DEMO_USERS = {
    "admin": ("Admin", "administers everything", None),
    "lead": ("Lena Lead", "decides, escalated APVs too", "leads"),
    "reviewer": ("Rita Reviewer", "decides pending APVs", "reviewers"),
    "pipeline": ("Pipeline", "adds APVs over REST", "pipelines"),
}
"""User name → full name, what for, group; no group: a superuser."""


class Command(BaseCommand):
    help = (
        "Make the users admin, lead, reviewer and pipeline. Passwords are random and printed once, "
        "or all the one in HITL_DEMO_PASSWORD. Users that exist keep theirs."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Print before the commit, so that no user exists whose password was not shown."""
        with connection.cursor() as cursor:  # another process may be creating them too
            cursor.execute("LOCK TABLE auth_user IN SHARE ROW EXCLUSIVE MODE")
        made = [self._make(name) for name in DEMO_USERS]
        if not any(made):
            self.stdout.write(
                "Demo users: all exist already, with the passwords printed then. "
                f"Forgotten one? {Path(sys.argv[0]).name} changepassword NAME"
            )
            return
        self.stdout.write("Demo users (passwords are not shown again):")
        for (name, (_, purpose, _)), password in zip(DEMO_USERS.items(), made, strict=True):
            shown = password or "(exists already)"
            self.stdout.write(f"  {name:<10} {shown:<20} {purpose}")
        self.stdout.flush()

    def _make(self, name: str) -> str | None:
        """Make one user; return the password, or None if the user exists."""
        users = get_user_model().objects
        if users.filter(username=name).exists():
            return None
        full_name, _, group = DEMO_USERS[name]
        password: str = settings.HITL_DEMO_PASSWORD or secrets.token_urlsafe(12)
        user = users.create_user(
            name,
            email=f"{name}@example.com",
            password=password,
            first_name=full_name.partition(" ")[0],
            last_name=full_name.partition(" ")[2],
            is_staff=group is None,
            is_superuser=group is None,
        )
        if group is not None:
            user.groups.add(Group.objects.get(name=group))
        return password
