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
        if view.action is None:
            return True  # the method is not allowed; that is a 405
        needed = view.permission_for
        return user.has_perm(needed.get(view.action, needed["*"]))
