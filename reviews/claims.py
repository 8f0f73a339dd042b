"""Claims as records: who has an APV now, until when, and how a claim ends."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from accounts.names import display_name
from realtime import clock
from realtime.publish import publish
from reviews.events import ClaimChanged, ClaimWhat
from reviews.models import APV, Claim


def claim_of(apv: APV) -> Claim | None:
    """Return who has an APV now, None if nobody."""
    return Claim.objects.current().select_related("user", "apv").filter(apv=apv).first()


def claimed(by: Q | None = None, prefix: str = "") -> Exists:
    """Return the condition that somebody has the APV now; `by` narrows down who.

    `prefix` is how the APV is reached, such as `apv__`.
    """
    now = Claim.objects.current().filter(apv=OuterRef(f"{prefix}pk"))
    return Exists(now.filter(by) if by is not None else now)


def expiry() -> datetime:
    """Return until when a claim lasts that is made or renewed now."""
    return clock.now() + timedelta(minutes=settings.HITL_CLAIM_MINUTES)


def end_after_decision(apv: APV, reviewer: Any, *, before: str) -> None:
    """End the claim of whoever decided on a locked APV, and any claim if its status changed."""
    standing = _standing(apv)
    if standing and (standing.user_id == reviewer.pk or apv.status != before):
        end(apv, standing)


def end_any(apv: APV) -> None:
    """End the claim of a locked APV that is not open any more, in the caller's transaction."""
    if standing := _standing(apv):
        end(apv, standing)


def _standing(apv: APV) -> Claim | None:
    return Claim.objects.select_related("user").filter(apv=apv).first()


def end(apv: APV, standing: Claim, what: ClaimWhat = "released") -> None:
    """Delete a claim, and tell, in the caller's transaction."""
    Claim.objects.filter(apv=apv).delete()
    publish_claim(apv, what, None, previous=standing.user)


def publish_claim(
    apv: APV, what: ClaimWhat, by: Any, *, previous: Any = None, reason: str = ""
) -> None:
    """Publish who has an APV now; `by` is None if nobody has it any more."""
    message = ClaimChanged(
        apv_id=apv.apv_id,
        apv_code=apv.apv_code,
        what=what,
        claimed_by=by.get_username() if by else "",
        claimed_by_name=display_name(by) if by else "",
        previous=previous.get_username() if previous else "",
        reason=reason,
    )
    publish([message])
