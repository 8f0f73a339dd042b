"""When a forge wants no more requests, and for how long this process sends it none."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock

from forges.errors import Limited
from realtime import clock

UNTOLD = timedelta(minutes=1)
"""How long to wait if the forge does not say: what GitHub asks for at least."""
LONGEST = timedelta(days=1)
"""No forge is believed that it wants a longer pause: its clock or a header is wrong."""
OLDEST_EPOCH = 1_000_000_000
"""`RateLimit-Reset` is seconds from now in the standard's draft, a time since 1970 elsewhere."""

_paused: dict[str, datetime] = {}
_lock = Lock()


def check(forge: str) -> None:
    """Raise Limited while `forge` wants no requests."""
    with _lock:
        until = _paused.get(forge)
    if until and until > clock.now():
        raise Limited(f"it wants no requests until {until:%Y-%m-%d %H:%M:%S} UTC", until)


def pause(forge: str, until: datetime) -> None:
    """Send `forge` no requests until then."""
    with _lock:
        _paused[forge] = until


def forget() -> None:
    """Forget what all forges wanted."""
    with _lock:
        _paused.clear()


def retry_time(headers: Mapping[str, str]) -> datetime | None:
    """Return when the forge may be asked again, None if its answer does not limit.

    `Retry-After` counts most (RFC 9110, 10.2.3: seconds or a date), then a used up
    `X-RateLimit-*` (GitHub, Gitea) or `RateLimit-*` (GitLab).
    """
    now = clock.now()
    until = _retry_after(headers.get("retry-after", ""), now)
    for prefix in ("x-ratelimit", "ratelimit"):
        if until is None and headers.get(f"{prefix}-remaining", "").strip() == "0":
            until = _reset(headers.get(f"{prefix}-reset", ""), now)
    return until and min(max(until, now), now + LONGEST)


def _retry_after(value: str, now: datetime) -> datetime | None:
    if not value.strip():
        return None
    if (seconds := _seconds(value)) is not None:
        return now + timedelta(seconds=seconds)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return now + UNTOLD
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _reset(value: str, now: datetime) -> datetime:
    seconds = _seconds(value)
    if seconds is None:
        return now + UNTOLD
    if seconds < OLDEST_EPOCH:
        return now + timedelta(seconds=seconds)
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(value: str) -> int | None:
    """Return a whole number of seconds, cut at a size that every time can have added."""
    text = value.strip()
    return min(int(text), 10**10) if text.isascii() and text.isdigit() and len(text) < 20 else None
