"""How users and what they may do are read from the database."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class OneQueryBackend(ModelBackend):
    """Reads a user's permissions, their own and those of their groups, in one query.

    Django's takes two, and nearly every request needs them.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            named = _granted(user_obj).values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app}.{name}" for app, name in named}
        return user_obj._perm_cache  # type: ignore[no-any-return]


def _granted(user: Any) -> Any:
    permissions = Permission.objects.order_by()
    if user.is_superuser:
        return permissions
    return permissions.filter(user=user).union(permissions.filter(group__user=user))
