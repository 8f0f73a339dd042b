"""Who is reading an APV just now. It is shown to the others, and blocks nobody."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from reviews.models import APV, Reading

BEAT_SECONDS = 4
"""How often a page that shows an APV says so."""
FORGOTTEN = timedelta(seconds=2 * BEAT_SECONDS + 1)
"""Who was silent for longer has left: a page that died is forgotten within 15 seconds."""


def others_reading(*, apv: APV, user: Any) -> list[str]:
    """Note that `user` is reading `apv`; returns the names of the others who are."""
    now = timezone.now()
    Reading.objects.bulk_create(
        [Reading(apv=apv, user=user, seen_at=now)],
        update_conflicts=True,
        unique_fields=["apv", "user"],
        update_fields=["seen_at"],
    )
    Reading.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    others = Reading.objects.filter(apv=apv).exclude(user=user).select_related("user")
    return sorted(one.user.get_full_name() or one.user.get_username() for one in others)


def leave(*, apv: APV, user: Any) -> None:
    """Note that `user` has left `apv`."""
    Reading.objects.filter(apv=apv, user=user).delete()
