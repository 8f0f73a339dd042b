"""Who may call what over REST."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ModelPermission(BasePermission):
    """Asks for the permission that the view names for the action, or for `*`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if user is None or not user.is_authenticated:
            return False
        needed = view.permission_for
        action = view.action or "*"  # no action: the method is not allowed anyway
        return user.has_perm(needed.get(action, needed["*"]))
