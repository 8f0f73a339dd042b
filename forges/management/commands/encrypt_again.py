"""Encrypt credentials under the first key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from forges.connecting import encrypt_again
from forges.models import Forge


class Command(BaseCommand):
    help = (
        "Encrypt the credentials and webhook secrets of all forges under the first key in "
        "HITL_ENCRYPTION_KEYS. Run it after a new key was put first; then the others can go."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        forges = list(Forge.objects.all())
        failed = encrypt_again(forges)
        self.stdout.write(f"{len(forges) - len(failed)} of {len(forges)} forges encrypted again")
        if failed:
            names = ", ".join(forge.name for forge in failed)
            raise CommandError(f"no key in HITL_ENCRYPTION_KEYS decrypts those of {names}")
