"""Permissions over REST."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ModelPermission(BasePermission):
    """Requires the permission that the view declares for the action, or for `*`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if user is None or not user.is_authenticated:
            return False
        if view.action is None:
            return True  # the method is not allowed, which is a 405
        needed = view.permission_for
        return user.has_perm(needed.get(view.action, needed["*"]))
