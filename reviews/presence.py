"""Who is reading an APV now. Other readers see it; it blocks nobody.

A reader may have the same APV open in several tabs, and leaves it with the last one.
"""

import re
from datetime import timedelta
from typing import Any

from accounts.names import display_name
from realtime import clock
from reviews.models import APV, Reading

BEAT_SECONDS = 4
"""How often a page that shows an APV says so."""
FORGOTTEN = timedelta(seconds=2 * BEAT_SECONDS + 1)
"""Who was silent for longer has left: a page that died is forgotten within 15 seconds."""


TAB = re.compile(r"[0-9A-Za-z-]{0,36}")


class BadTab(ValueError):
    """A text that is not the name of a tab."""


def others_reading(*, apv: APV, user: Any, tab: str = "") -> list[str]:
    """Record that `user` reads `apv` in `tab`; return the names of other readers. Raise BadTab."""
    now = clock.now()
    Reading.objects.bulk_create(
        [Reading(apv=apv, user=user, tab=_checked(tab), seen_at=now)],
        update_conflicts=True,
        unique_fields=["apv", "user", "tab"],
        update_fields=["seen_at"],
    )
    Reading.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    others = Reading.objects.filter(apv=apv).exclude(user=user).select_related("user")
    users = {one.user_id: one.user for one in others}
    return sorted(display_name(one) for one in users.values())


def leave(*, apv: APV, user: Any, tab: str = "") -> bool:
    """Record that `user` has left `apv` in `tab`; return whether in the last tab. Raise BadTab."""
    readings = Reading.objects.filter(apv=apv, user=user)
    readings.filter(tab=_checked(tab)).delete()
    return not readings.filter(seen_at__gt=clock.now() - FORGOTTEN).exists()


def _checked(tab: str) -> str:
    if TAB.fullmatch(tab) is None:
        raise BadTab("A tab's name is up to 36 letters, digits and dashes.")
    return tab
