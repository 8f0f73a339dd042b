"""Connect a forge, or change how it is reached."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from forges import connecting
from forges.choices import ForgeKind
from forges.clients.base import Grants
from forges.encryption import CannotDecrypt
from forges.errors import ForgeError
from forges.management.words import in_a_line
from forges.models import Credentials, Forge

MOST_BYTES = 64 * 1024
"""What a token, a key or certificates have at most."""


class Command(BaseCommand):
    help = (
        "Connect a forge: check the credentials, say what they may do and what is missing, store "
        "them encrypted, and print the address for its webhooks. Running it again for the same "
        "name changes it; what is not given stays. Credentials come from files, or from standard "
        "input (-), so that no list of processes and no history of a shell has them. "
        "docs/forges.md says how to make them."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("kind", choices=ForgeKind.values, metavar="KIND", help=KINDS)
        parser.add_argument("--name", required=True, help="a to z, 0 to 9 and -, for its address")
        parser.add_argument("--url", required=True, help="where people open it")
        parser.add_argument("--api-url", default="", help="of its API (default: the usual one)")
        parser.add_argument("--ca", type=_content, default=None, metavar="FILE", help=CA)
        credentials = parser.add_argument_group("credentials, one of the two")
        credentials.add_argument("--token-file", type=_content, metavar="FILE", dest="token")
        credentials.add_argument("--app-id", help="of a GitHub App")
        credentials.add_argument("--installation-id", help="of the App in your organisation")
        credentials.add_argument(
            "--private-key-file", type=_content, metavar="FILE", dest="private_key", help="PEM"
        )
        secrets = parser.add_argument_group("secrets of webhooks; the last ones stay valid too")
        secrets.add_argument("--webhook-secret-file", type=_content, metavar="FILE", dest="secret")
        secrets.add_argument(
            "--new-webhook-secret", action="store_true", help="make another one, and print it once"
        )
        secrets.add_argument(
            "--forget-old-secrets", action="store_true", help="accept the newest one alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        forge = Forge.objects.filter(name=options["name"]).first() or Forge(name=options["name"])
        made = self._prepare(forge, options)
        try:
            grants = connecting.check(forge)
        except ForgeError as error:
            raise CommandError(f"{forge.name} does not take the credentials: {error}") from None
        connecting.save(forge)
        self._tell(forge, grants, made)

    def _prepare(self, forge: Forge, options: dict[str, Any]) -> str:
        """Set what the options say; return the secret that was made, or ""."""
        forge.kind, forge.url = options["kind"], options["url"]
        forge.api_url = options["api_url"]
        if options["ca"] is not None:
            forge.ca_certificates = options["ca"]
        needs_one = not forge.pk and not options["secret"]
        made = connecting.new_secret() if needs_one or options["new_webhook_secret"] else ""
        try:
            connecting.prepare(
                forge,
                credentials=_credentials(options),
                secret=made or options["secret"] or "",
                forget_old_secrets=options["forget_old_secrets"],
            )
        except ValidationError as error:
            raise CommandError(in_a_line(error)) from None
        except CannotDecrypt as error:
            raise CommandError(str(error)) from None
        return made

    def _tell(self, forge: Forge, grants: Grants, made: str) -> None:
        self.stdout.write(f"{forge.name}: connected as {grants.account}")
        if grants.granted:
            self.stdout.write(f"  may:     {', '.join(grants.granted)}")
        if grants.missing:
            self.stdout.write(self.style.WARNING(f"  lacks:   {', '.join(grants.missing)}"))
        self.stdout.write(f"  webhook: {webhook_url(forge)}")
        if made:
            self.stdout.write(f"  secret:  {made}   (shown once)")
        program = Path(sys.argv[0]).name  # manage.py or hitl-console
        self.stdout.write(f"Next: {program} watch_repository {forge.name} OWNER/NAME")


KINDS = "github, gitlab, or gitea, which is for Forgejo too"
CA = "PEM certificates, if the forge has an authority of its own"


def webhook_url(forge: Forge) -> str:
    """Return the address to enter at the forge."""
    path = reverse("forge-webhook", args=[forge.name])
    if settings.BEHIND_TLS:
        return f"https://{settings.ALLOWED_HOSTS[0].removeprefix('.')}{path}"
    return f"http://{settings.HOST}:{settings.PORT}{path}"


def _content(name: str) -> str:
    """Return what a file contains; - is standard input."""
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError("it is too large")
        return content.decode().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a short text in UTF-8"
        raise argparse.ArgumentTypeError(f"{name}: {reason}") from None


def _credentials(options: dict[str, Any]) -> Credentials | None:
    app = [options[name] for name in ("app_id", "installation_id", "private_key")]
    if options["token"] and any(app):
        raise CommandError("give --token-file, or an App's id, installation and key, not both")
    if any(app) and not all(app):
        raise CommandError("an App needs --app-id, --installation-id and --private-key-file")
    if options["token"]:
        return Credentials(token=options["token"])
    return Credentials("", *app) if all(app) else None
