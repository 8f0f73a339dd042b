"""The authentication backend: it reads permissions in one query."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db import connection

from realtime.compiled_queries import CompiledQuery

BY_ID = CompiledQuery(lambda pk: get_user_model()._default_manager.filter(pk=pk), sample=-1)
GRANTED = """
SELECT kind.app_label || '.' || permission.codename
FROM auth_permission permission
JOIN django_content_type kind ON kind.id = permission.content_type_id
WHERE %(all)s OR permission.id IN (
    SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %(user)s
    UNION ALL
    SELECT permission_id FROM auth_user_groups JOIN auth_group_permissions USING (group_id)
    WHERE user_id = %(user)s
)
"""


class OneQueryBackend(ModelBackend):
    """Read a user's permissions, their own and those of their groups, in one query.

    Django's backend takes two, and nearly every request needs them. This is SQL because building
    the query from models takes several times longer than running it.
    """

    def get_user(self, user_id: int) -> Any:
        """Return the user of a session, None if there is none who may sign in."""
        for user in BY_ID.rows(user_id):
            if self.user_can_authenticate(user):
                return user
        return None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            with connection.cursor() as cursor:
                cursor.execute(GRANTED, {"all": user_obj.is_superuser, "user": user_obj.pk})
                user_obj._perm_cache = {name for (name,) in cursor.fetchall()}
        return user_obj._perm_cache  # type: ignore[no-any-return]
