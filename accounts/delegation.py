"""Limits on granting: nobody grants a right that they do not have.

Otherwise users who manage users or tokens could make themselves superusers, or act as one.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet


def grantable_permissions(actor: Any) -> QuerySet[Permission]:
    """Return the permissions that `actor` has, directly or through a group."""
    every: QuerySet[Permission] = Permission.objects.all()
    if actor.is_superuser:
        return every
    mine = Q(user=actor.pk) | Q(group__user=actor.pk)
    return every.filter(pk__in=Permission.objects.filter(mine).values("pk"))


def grantable_groups(actor: Any) -> QuerySet[Group]:
    """Return the groups that have no permission that `actor` lacks."""
    return Group.objects.exclude(permissions__in=_beyond(actor))


def manageable_users(actor: Any) -> QuerySet[Any]:
    """Return the users who have no right, even if enabled, that `actor` lacks."""
    users: QuerySet[Any] = get_user_model()._default_manager.all()
    if actor.is_superuser:
        return users
    beyond = _beyond(actor)
    return users.filter(is_superuser=False).exclude(
        Q(user_permissions__in=beyond) | Q(groups__permissions__in=beyond)
    )


def may_manage(actor: Any, user: Any) -> bool:
    """Return whether `actor` may change `user` and their password, or act as them by a token."""
    return manageable_users(actor).filter(pk=user.pk).exists()


def _beyond(actor: Any) -> QuerySet[Permission]:
    return Permission.objects.exclude(pk__in=grantable_permissions(actor).values("pk"))
