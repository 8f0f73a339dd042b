"""Mentions in comments: `@username`, of active people who may see the APV."""

import re
from typing import Any

from django.contrib.auth import get_user_model

from reviews.permissions import Permission

MENTION = re.compile(r"(?<![\w.+@/-])@([\w.+@-]{1,150})")
MOST = 20
"""People whom one comment tells; further names are text."""


def mentioned_in(text: str, *, but: Any) -> list[Any]:
    """Return the users whom a text mentions, without the one who wrote it."""
    candidates = dict.fromkeys(
        name for found in MENTION.findall(text) for name in (found, found.rstrip(".+@-")) if name
    )
    names = list(candidates)[: 2 * MOST]
    users = get_user_model()._default_manager.filter(username__in=names, is_active=True)
    seeing = [
        one
        for one in users.exclude(pk=but.pk).order_by("username")
        if one.has_perm(Permission.VIEW_APV)
    ]
    return seeing[:MOST]
