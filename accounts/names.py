"""The names of users, as people read them."""

from typing import Any


def display_name(user: Any) -> str:
    """Return a user's full name, or the user name without one."""
    return str(user.get_full_name() or user.get_username())
