"""Connect forges and watch repositories; commands and the admin do it through here.

The audit records what changed, but no credential and no secret.
"""

import secrets as randomness
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import entries
from audit.choices import AuditAction
from forges.choices import MergeMethod
from forges.clients import client_for, usual_api_url
from forges.clients.base import Grants, RepositoryData
from forges.encryption import CannotDecrypt, rotated
from forges.errors import Refused
from forges.models import Credentials, Forge, Repository
from forges.tasks import reconcile_soon
from realtime import clock
from realtime.transactions import publishing

MOST_SECRETS = 3
"""How many webhook secrets a forge has at a time: one, and those that it takes the place of."""
LEAST_SECRET = 16
PLACES = ("kind", "url", "api_url")
"""Where credentials are sent."""
ELSEWHERE = _("Enter the credentials again: they would be sent to another address.")
SHORT_SECRET = _("A webhook secret has at least 16 characters.")


def prepare(
    forge: Forge,
    *,
    credentials: Credentials | None = None,
    secret: str = "",
    forget_old_secrets: bool = False,
) -> None:
    """Set what a forge is reached with, unsaved. Raise ValidationError.

    Without new `credentials` the stored ones stay, unless they would be sent elsewhere. `secret`
    becomes the newest of its webhook secrets.
    """
    forge.api_url = forge.api_url or usual_api_url(forge.kind, forge.url)
    if credentials is not None:
        forge.set_credentials(credentials)
    elif not forge.pk or _moves(forge):
        raise ValidationError(ELSEWHERE if forge.pk else _("Enter a token, or an app's key."))
    if secret and len(secret) < LEAST_SECRET:
        raise ValidationError(SHORT_SECRET)
    known = forge.secrets() if forge.pk else []
    kept = [secret, *(one for one in known if one != secret)] if secret else known
    forge.set_secrets(kept[: 1 if forget_old_secrets else MOST_SECRETS])
    forge.full_clean(exclude=["credentials", "webhook_secrets"])


def _moves(forge: Forge) -> bool:
    before = Forge.objects.filter(pk=forge.pk).values_list(*PLACES).first()
    return before != tuple(getattr(forge, name) for name in PLACES)


def check(forge: Forge) -> Grants:
    """Ask a forge, saved or not, what its credentials may do. Raise ForgeError."""
    with client_for(forge) as client:
        grants = client.grants()
    forge.checked_at, forge.problem = clock.now(), ""
    return grants


def save(forge: Forge) -> None:
    """Save a forge with its audit entry."""
    _save(
        forge,
        AuditAction.FORGE_CHANGED,
        f"forge {forge.name}",
        kind=forge.kind,
        url=forge.url,
        api_url=forge.api_url,
        webhook_secrets=len(forge.secrets()),
    )


def delete(forge: Forge) -> None:
    """Delete a forge and its deliveries, with an audit entry.

    Raise ProtectedError if it has repositories.
    """
    with publishing():
        entries.record(AuditAction.FORGE_CHANGED, f"forge {forge.name}", change="deleted")
        forge.delete()


def new_secret() -> str:
    return randomness.token_urlsafe(32)


def watch(forge: Forge, path: str, **fields: object) -> Repository:
    """Watch the repository at `path`, which must exist, and have it read.

    A new one gets the first merge method that it allows, unless `fields` has another. Raise
    ForgeError, or ValidationError for `fields` that cannot be.
    """
    with client_for(forge) as client:
        found = client.repository(path)
    with publishing():
        ours = Repository.objects.filter(forge=forge).select_for_update()
        repository = (
            ours.filter(remote_id=found.remote_id).first()
            or ours.filter(path=found.path).first()
            or Repository(
                forge=forge, merge_method=next(iter(found.merge_methods), MergeMethod.MERGE)
            )
        )
        values = {**fields, "path": found.path, "remote_id": found.remote_id, "watched": True}
        for name, value in values.items():
            setattr(repository, name, value)
        repository.full_clean()
        _check_method(repository, found)
        save_repository(repository)
    return repository


def _check_method(repository: Repository, found: RepositoryData) -> None:
    if repository.merge_method not in found.merge_methods:
        allowed = ", ".join(found.merge_methods) or "none"
        wanted = repository.merge_method
        raise Refused(f"it does not allow the merge method {wanted}, only: {allowed}")


def unwatch(repository: Repository) -> None:
    """Read no pull requests of a repository any more; those that are stored stay."""
    repository.watched = False
    save_repository(repository)


def save_repository(repository: Repository) -> None:
    """Save a repository with its audit entry, and have it read if it is watched."""
    with publishing():
        _save(
            repository,
            AuditAction.REPOSITORY_CHANGED,
            f"repository {repository.forge.name} {repository.path}",
            watched=repository.watched,
            labels=repository.labels,
            branches=repository.branches,
            takes_unfixing=repository.takes_unfixing,
            merge_method=repository.merge_method,
            deletes_branch=repository.deletes_branch,
            assignee=repository.assignee,
            names_reviewers=repository.names_reviewers,
        )
        if repository.watched:
            reconcile_soon(repository.pk)


def _save(row: Forge | Repository, action: AuditAction, about: str, **details: Any) -> None:
    change = "changed" if row.pk else "added"
    with publishing():
        row.save()
        entries.record(action, about, change=change, **details)


def undecryptable() -> list[Forge]:
    """Return the forges whose credentials or webhook secrets no key decrypts."""
    return [forge for forge in Forge.objects.all() if not _is_decryptable(forge)]


def _is_decryptable(forge: Forge) -> bool:
    try:
        forge.decrypted_credentials()
        forge.secrets()
    except CannotDecrypt:
        return False
    return True


def encrypt_again(forges: Iterable[Forge]) -> list[Forge]:
    """Encrypt what is stored of each forge under the first key; return those where it fails."""
    return [forge for forge in forges if not _encrypted_again(forge)]


def _encrypted_again(forge: Forge) -> bool:
    try:
        with publishing(), transaction.atomic():
            locked = Forge.objects.select_for_update().get(pk=forge.pk)
            locked.credentials = rotated(bytes(locked.credentials))
            locked.webhook_secrets = rotated(bytes(locked.webhook_secrets))
            locked.save(update_fields=["credentials", "webhook_secrets"])
            name = f"forge {forge.name}"
            entries.record(AuditAction.FORGE_CHANGED, name, change="encrypted again")
    except CannotDecrypt:
        return False
    return True
