"""Check the sockets of users again when a row is saved or deleted that takes rights from them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from knox.models import AuthToken

from accounts.models import SignIn
from realtime import clock
from realtime.publish import announce_recheck

User: Any = get_user_model()

DONE = frozenset({"post_add", "post_remove", "post_clear"})
SIGNED_IN = frozenset({"last_login"})
"""The fields that are saved when somebody signs in."""
MOST_NAMED = 1000
"""Of more users than this at once, everybody is checked."""


@receiver(post_delete, sender=Session)
def recheck_ended_session(instance: Session, **_: Any) -> None:
    if instance.expire_date > clock.now():  # an expired one is only cleared up
        recheck(filter(None, [instance.get_decoded().get(SESSION_KEY)]))


@receiver(post_save, sender=User)
def recheck_changed_user(
    instance: Any, created: bool, update_fields: frozenset[str] | None, **_: Any
) -> None:
    if not created and update_fields != SIGNED_IN:
        recheck([instance.pk])


@receiver(post_delete, sender=User)
def recheck_deleted_user(instance: Any, **_: Any) -> None:
    recheck([instance.pk])


@receiver([post_save, post_delete], sender=AuthToken)
@receiver(post_delete, sender=SignIn)
def recheck_changed_token(instance: Any, created: bool = False, **_: Any) -> None:
    if not created:
        recheck([instance.user_id])


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
def recheck_changed_rights(
    instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    if action in DONE:
        recheck((pk_set or None) if reverse else [instance.pk])


@receiver(m2m_changed, sender=Group.permissions.through)
def recheck_changed_group(action: str, **_: Any) -> None:
    if action in DONE:
        recheck(None)


@receiver(post_delete, sender=Group)
@receiver(post_delete, sender=Permission)
def recheck_deleted_right(**_: Any) -> None:
    recheck(None)


def recheck(users: Iterable[Any] | None) -> None:
    """Have the sockets of `users`, by id, checked again; of everybody if None."""
    named = None if users is None else [int(user) for user in users]
    if named is None or named:
        announce_recheck(None if named is None or len(named) > MOST_NAMED else named)
