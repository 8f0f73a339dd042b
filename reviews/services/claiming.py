"""Claim APVs: say that one works on an APV, for some minutes. A claim forbids nothing.

A claim ends when its user leaves the APV or decides, when a decision closes the APV, when somebody
takes it over, or when its time is over.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews.claims import claim_of, claimed, end, expiry, publish_claim
from reviews.errors import ClaimedByAnother, InvalidInput, NotAllowed
from reviews.locking import locked_apv
from reviews.models import APV, Claim, Notice, NoticeKind
from reviews.permissions import DECIDERS, Permission, is_lead
from reviews.services.deciding import may_decide

REASON_LENGTH = (2, 200)
"""Of the word with which a claim is taken over."""
RENEWED_AFTER = timedelta(minutes=1)
"""A renewal writes only if the last one is older, as pages report every few seconds."""
GRACE = timedelta(seconds=20)
"""How long a page may be gone, as while it is loaded again, until its claim ends."""
MOST_TRIES = 10
MOST_AT_ONCE = 1000


# -- What a person does ---------------------------------------------------------------------------


def claim(*, apv_id: UUID, by: Any) -> Claim:
    """Claim an APV that nobody has, or renew one's own claim.

    Raise UnknownAPV, NotAllowed, InvalidInput or ClaimedByAnother.
    """
    with publishing():
        apv = locked_apv(apv_id)
        check_claimable(apv, by)
        return _take(apv, by)


def take_over(*, apv_id: UUID, by: Any, reason: str) -> Claim:
    """Claim an APV, even if somebody else has it, who is told the reason.

    A lead may do so without a word. Raise UnknownAPV, NotAllowed or InvalidInput.
    """
    with publishing():
        apv = locked_apv(apv_id)
        check_claimable(apv, by)
        before = claim_of(apv)
        if before is None or before.user_id == by.pk:
            return _take(apv, by)
        reason = _checked(reason, by)
        made = _write(apv, by)
        publish_claim(apv, "taken_over", by, previous=before.user, reason=reason)
        _notify(apv, by, before.user, reason)
        entries.record(
            AuditAction.CLAIM_TAKEN_OVER,
            apv.apv_code,
            actor=by,
            previous=before.user.get_username(),
            reason=reason,
        )
        return made


def release(*, apv_id: UUID, by: Any) -> None:
    """End one's own claim of an APV, if there is one. Raise UnknownAPV or ClaimedByAnother."""
    with publishing():
        apv = locked_apv(apv_id)
        standing = claim_of(apv)
        if standing is None:
            return
        if standing.user_id != by.pk:
            raise ClaimedByAnother(standing)
        end(apv, standing)
        entries.record(AuditAction.CLAIM_RELEASED, apv.apv_code, actor=by)


def claim_next(*, by: Any, rows: "QuerySet[APV]") -> Claim | None:
    """Claim the first of the ordered `rows` that nobody has and `by` may decide on.

    Return None if there is none. Of several who ask at once, each gets another one.
    """
    if not by.has_perm(Permission.DECIDE_APV):
        raise NotAllowed(_("You may not decide on APVs."))
    passed: set[UUID] = set()
    for _try in range(MOST_TRIES):
        with publishing():
            apv = _first_free(rows, by, passed)
            if apv is None:
                return None
            passed.add(apv.pk)
            standing = claim_of(apv)  # somebody may have claimed it after the rows were read
            if may_decide(by, apv) and (standing is None or standing.user_id == by.pk):
                return _take(apv, by)
    return None


def check_claimable(apv: APV, by: Any) -> None:
    """Raise NotAllowed or InvalidInput unless `by` may decide on `apv` now, and so claim it."""
    if not by.has_perm(Permission.DECIDE_APV):
        raise NotAllowed(_("You may not decide on APVs."))
    if apv.status in DECIDERS and not may_decide(by, apv):
        raise NotAllowed(_("You may not decide on {code}.").format(code=apv.apv_code))
    if apv.status not in DECIDERS:
        said = _("{code} is {status}, not open.")
        text = said.format(code=apv.apv_code, status=apv.get_status_display())
        raise InvalidInput({"apv_id": [text]})


def _checked(reason: str, by: Any) -> str:
    reason = reason.strip()
    least, most = REASON_LENGTH
    if not (reason or is_lead(by)) or len(reason) > most or 0 < len(reason) < least:
        message = _("Write {least} to {most} characters.")
        raise InvalidInput({"reason": [message.format(least=least, most=most)]})
    return reason


# -- Without a word -------------------------------------------------------------------------------


def renew(apv: APV, by: Any) -> None:
    """Renew the claim of `by`, if there is one: the APV is open and visible. Nobody is told."""
    until = expiry()
    own = Claim.objects.current().filter(apv=apv, user=by)
    own.filter(expires_at__lt=until - RENEWED_AFTER).update(expires_at=until)


def expire_soon(apv: APV, by: Any) -> None:
    """Let the claim of `by` end after GRACE, unless their page comes back and renews it."""
    soon = clock.now() + GRACE
    if Claim.objects.filter(apv=apv, user=by, expires_at__gt=soon).update(expires_at=soon):
        from reviews import tasks  # it runs this module

        tasks.expire_claims.configure(schedule_at=soon).defer(timestamp=0)


def expire() -> int:
    """Delete claims whose time is over, and tell; return how many."""
    with publishing():
        rows = Claim.objects.select_for_update(of=("self",), skip_locked=True)
        over = rows.filter(expires_at__lte=clock.now()).order_by("expires_at")
        found = list(over.select_related("apv", "user")[:MOST_AT_ONCE])
        for one in found:
            end(one.apv, one, "expired")
    return len(found)


def _first_free(rows: "QuerySet[APV]", by: Any, passed: Collection[UUID]) -> APV | None:
    free = rows.filter(~claimed(~Q(user=by.pk))).exclude(pk__in=passed)
    if not settings.HITL_SUBMITTER_MAY_DECIDE:
        free = free.exclude(submitted_by=by.pk)
    return free.select_for_update(of=("self",), skip_locked=True).first()


# -- Writes, for a locked APV ---------------------------------------------------------------------


def _take(apv: APV, by: Any) -> Claim:
    standing = claim_of(apv)
    if standing is not None and standing.user_id != by.pk:
        raise ClaimedByAnother(standing)
    made = _write(apv, by)
    if standing is None:
        publish_claim(apv, "claimed", by)
        entries.record(AuditAction.CLAIMED, apv.apv_code, actor=by)
    return made


def _write(apv: APV, by: Any) -> Claim:
    values = {"user": by, "claimed_at": clock.now(), "expires_at": expiry()}
    return Claim.objects.update_or_create(apv=apv, defaults=values)[0]


def _notify(apv: APV, by: Any, user: Any, reason: str) -> None:
    Notice.objects.create(
        user=user, apv=apv, kind=NoticeKind.TAKEN_OVER, by_name=display_name(by), text=reason
    )
