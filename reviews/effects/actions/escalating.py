"""Say that a lead is to decide."""

from forges.choices import PullRequestState
from reviews.choices import EffectState, Status
from reviews.effects import comments
from reviews.effects.attempt import ALREADY_DECIDED, Attempt, Result, ended_by


def escalate(attempt: Attempt) -> Result:
    """Comment with the justification, and assign whom the repository names. Any head will do."""
    if attempt.apv.status != Status.ESCALATED:
        if attempt.has_said():
            return Result(EffectState.DONE)
        return Result(EffectState.REFUSED, ALREADY_DECIDED)
    found = attempt.look()
    if found.state != PullRequestState.OPEN:
        return Result(EffectState.REFUSED, ended_by(found))
    attempt.say_once("**Escalated**", comments.block(attempt.effect.decision.justification))
    if account := attempt.repository.assignee:
        attempt.write(lambda: attempt.client.assign(*attempt.where, account))
    return Result(EffectState.DONE)
