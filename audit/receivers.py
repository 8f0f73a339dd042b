"""Record sign-ins and changes of users, permissions and tokens in the audit."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model, user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.models import Group
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import translation
from knox.models import AuthToken
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from audit import entries
from audit.choices import AuditAction
from realtime.atomic_saves import make_saves_atomic

User = get_user_model()

FIELDS_OF_USERS = (
    *("username", "first_name", "last_name", "email", "password"),
    *("is_active", "is_staff", "is_superuser"),
)
HIDDEN = "(set)"


# -- Signing in -------------------------------------------------------------------------------


@receiver(user_logged_in)
def record_sign_in(request: HttpRequest, user: Any, **_: Any) -> None:
    entries.record(AuditAction.SIGNED_IN, _user(user), actor=user, request=request)


@receiver(user_logged_out)
def record_sign_out(request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        entries.record(AuditAction.SIGNED_OUT, _user(user), actor=user, request=request)


@receiver(user_login_failed)
def record_failed_sign_in(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Name the user if there is one. Any other text typed as a name may be a password."""
    name = str(credentials.get(User.USERNAME_FIELD, "")).replace("\0", "")
    user = User._default_manager.filter(**{User.USERNAME_FIELD: name}).first()
    about = _user(user) if user else "unknown user"
    entries.record(AuditAction.SIGN_IN_FAILED, about, request=request)


# -- Users and what they may do ---------------------------------------------------------------


@receiver(pre_save, sender=User)
def note_changes(instance: Any, raw: bool, update_fields: Any, **_: Any) -> None:
    """Compare with the stored row, unless only other fields are written, as at each sign-in."""
    instance._audited = {}
    if raw or (update_fields is not None and not {*update_fields} & {*FIELDS_OF_USERS}):
        return
    before = User._default_manager.filter(pk=instance.pk).values(*FIELDS_OF_USERS).first() or {}
    instance._audited = {
        name: HIDDEN if name == "password" else getattr(instance, name)
        for name in FIELDS_OF_USERS
        if name in before and before[name] != getattr(instance, name)
    }


@receiver(post_save, sender=User)
def record_saved_user(instance: Any, created: bool, raw: bool, **_: Any) -> None:
    if created and not raw:
        rights = [name for name in ("is_staff", "is_superuser") if getattr(instance, name)]
        entries.record(AuditAction.USER_CHANGED, _user(instance), change="added", rights=rights)
    elif instance._audited:
        entries.record(
            AuditAction.USER_CHANGED, _user(instance), change="changed", fields=instance._audited
        )


@receiver(post_delete, sender=User)
def record_deleted_user(instance: Any, **_: Any) -> None:
    entries.record(AuditAction.USER_CHANGED, _user(instance), change="deleted")


@receiver(post_save, sender=Group)
def record_saved_group(instance: Group, created: bool, raw: bool, **_: Any) -> None:
    if not raw:
        change = "added" if created else "changed"
        entries.record(AuditAction.PERMISSIONS_CHANGED, _group(instance), change=change)


@receiver(post_delete, sender=Group)
def record_deleted_group(instance: Group, **_: Any) -> None:
    entries.record(AuditAction.PERMISSIONS_CHANGED, _group(instance), change="deleted")


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
@receiver(m2m_changed, sender=Group.permissions.through)
def record_granted(
    instance: Model, action: str, model: type[Model], pk_set: set[int] | None, **_: Any
) -> None:
    """Record adding to and removing from groups and permissions, from either side."""
    moment, change = action.split("_")
    if moment != "post" or pk_set == set():
        return
    about = _group(instance) if isinstance(instance, Group) else _user(instance)
    given = model._default_manager.filter(pk__in=pk_set or ())
    with translation.override("en"):  # the record is not in the reader's language
        names = [str(one) for one in given] or ["all"]
        kind = str(model._meta.verbose_name)
    entries.record(
        AuditAction.PERMISSIONS_CHANGED, about, change=f"{change} {kind}", names=sorted(names)
    )


# -- Who somebody is ----------------------------------------------------------------------------


@receiver(post_save, sender="accounts.AccountOwner")
@receiver(post_delete, sender="accounts.AccountOwner")
def record_owner(instance: Any, created: bool | None = None, **_: Any) -> None:
    """Record who became or is no longer an owner: policies count owners as the submitter."""
    change = "owner removed" if created is None else "owner added"
    owner = instance.owner.get_username()
    entries.record(AuditAction.USER_CHANGED, _user(instance.account), change=change, owner=owner)


@receiver(post_save, sender="forges.ForgeAccount")
@receiver(post_delete, sender="forges.ForgeAccount")
def record_forge_account(instance: Any, created: bool | None = None, **_: Any) -> None:
    """Record whose an account of a forge is: policies tell authors by them."""
    named = {None: "removed", True: "added", False: "changed"}
    change = f"account of a forge {named[created]}"
    entries.record(
        AuditAction.USER_CHANGED, _user(instance.user), change=change, account=str(instance)
    )


# -- Tokens -----------------------------------------------------------------------------------


@receiver(post_save, sender=AuthToken)
@receiver(post_save, sender=OutstandingToken)
def record_issued_token(instance: Any, created: bool, **_: Any) -> None:
    if created:
        entries.record(AuditAction.TOKEN_ISSUED, f"token of {instance.user}", kind=_kind(instance))


@receiver(post_delete, sender=AuthToken)
def record_revoked_token(instance: Any, **_: Any) -> None:
    entries.record(AuditAction.TOKEN_REVOKED, f"token of {instance.user}", kind=_kind(instance))


@receiver(post_save, sender=BlacklistedToken)
def record_revoked_jwt(instance: Any, created: bool, **_: Any) -> None:
    if created:
        user = instance.token.user
        entries.record(AuditAction.TOKEN_REVOKED, f"token of {user}", kind=_kind(instance.token))


# -- In one transaction -----------------------------------------------------------------------


def commit_together() -> None:
    """Save a user, a group or a token in one transaction with its audit entry."""
    models: list[type[Model]] = [User, Group, AuthToken, OutstandingToken, BlacklistedToken]
    models += [apps.get_model("accounts.AccountOwner"), apps.get_model("forges.ForgeAccount")]
    for model in models:
        make_saves_atomic(model)


def _user(user: Any) -> str:
    return f"user {user.get_username()}"


def _group(group: Any) -> str:
    return f"group {group.name}"


def _kind(token: Model) -> str:
    return "API token" if isinstance(token, AuthToken) else "JWT"
