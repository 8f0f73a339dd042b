"""What can go wrong with an APV or a decision.

ReviewError
├── InvalidInput       fields that break a rule, with the reasons
├── NotAllowed         the user may not do this
├── UnknownAPV         no APV has this id
├── UnknownDecision    no decision has this id
├── UnknownComment     the APV has no comment with this id
├── NotConfirmed       what was sent is not what the question showed
└── Conflict           the world changed meanwhile
    ├── AlreadyDecided
    ├── AlreadyApproved
    ├── VersionChanged
    ├── CannotRetract
    ├── OutcomeIsSettled
    ├── ClaimedByAnother
    └── CodeInUse
"""

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.names import display_name

if TYPE_CHECKING:
    from reviews.models import Claim, Decision, Effect

FieldErrors = dict[str, list[str]]


class ReviewError(Exception):
    """The root of this tree."""


class InvalidInput(ReviewError):
    """Fields break a rule; `errors` gives the reasons by field."""

    def __init__(self, errors: FieldErrors) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(why)}" for name, why in errors.items()))
        self.errors = errors


class NotAllowed(ReviewError):
    """The user lacks the permission for this."""


class UnknownAPV(ReviewError):
    """No APV has this id."""

    def __init__(self, apv_id: UUID) -> None:
        super().__init__(_("No APV has the id {id}.").format(id=apv_id))


class UnknownDecision(ReviewError):
    """No decision has this id."""

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(_("No decision has the id {id}.").format(id=decision_id))


class UnknownComment(ReviewError):
    """The APV has no comment with this id."""

    def __init__(self, comment_id: UUID) -> None:
        super().__init__(_("No comment has the id {id}.").format(id=comment_id))


class NotConfirmed(ReviewError):
    """A decision differs from the one that its question showed."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This is not what the question showed, so nothing was recorded. "
                "Send it again, and answer the question."
            )
        )


class Conflict(ReviewError):
    """The request was valid when the client prepared it, and no longer is."""


class AlreadyDecided(Conflict):
    """Somebody decided first; their `decision` counts. Only users who may read it get details."""

    def __init__(self, decision: "Decision", *, sees_decisions: bool) -> None:
        message = (
            _("{code} was decided already: {decision} by {reviewer} at {moment} UTC.")
            if sees_decisions
            else _("{code} was decided already.")
        )
        super().__init__(
            message.format(
                code=decision.apv.apv_code,
                decision=decision.get_decision_display(),
                reviewer=decision.reviewer_name,
                moment=f"{decision.decided_at:%Y-%m-%d %H:%M:%S}",
            )
        )
        self.decision = decision


class AlreadyApproved(Conflict):
    """The same person's approval of this revision waits for others."""

    def __init__(self, decision: "Decision") -> None:
        message = _("You approved {code} already: it waits for somebody else.")
        super().__init__(message.format(code=decision.apv.apv_code))
        self.decision = decision


class VersionChanged(Conflict):
    """The APV is not the one the reviewer read."""

    def __init__(self, current: int) -> None:
        message = _("The APV changed meanwhile: it is at version {version}.")
        super().__init__(message.format(version=current))
        self.current = current


class CannotRetract(Conflict):
    """The decision cannot be taken back, or not any more; the message says why."""


class OutcomeIsSettled(Conflict):
    """What became of the decision is known, or is not for the client to say."""

    def __init__(self, effect: "Effect | None") -> None:
        state = effect.get_state_display() if effect else _("nothing to do")
        super().__init__(_("What became of it is settled: {state}.").format(state=state))


class ClaimedByAnother(Conflict):
    """Somebody else has the APV; `claim` says who."""

    def __init__(self, claim: "Claim") -> None:
        message = _("{name} has claimed {code}.")
        super().__init__(message.format(name=display_name(claim.user), code=claim.apv.apv_code))
        self.claim = claim


class CodeInUse(Conflict):
    """APVs with these codes exist."""

    def __init__(self, codes: list[str]) -> None:
        super().__init__(f"In use already: {', '.join(codes)}.")
        self.codes = codes
