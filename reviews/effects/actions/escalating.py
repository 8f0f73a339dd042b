"""Say that a lead is to decide."""

from forges.choices import PullRequestState
from reviews.choices import EffectState
from reviews.effects import comments, records
from reviews.effects.attempt import Attempt, Result, ended_by


def escalate(attempt: Attempt) -> Result:
    """Comment with the justification, and assign whom the repository names. Any head will do."""
    if why := records.why_unwanted(attempt.effect):
        return Result(EffectState.DONE) if attempt.has_said() else Result(EffectState.REFUSED, why)
    found = attempt.look()
    if found.state != PullRequestState.OPEN:
        return Result(EffectState.REFUSED, ended_by(found))
    attempt.say_once("**Escalated**", comments.block(attempt.effect.decision.justification))
    if account := attempt.repository.assignee:
        attempt.write(lambda: attempt.client.assign(*attempt.where, account))
    return Result(EffectState.DONE)
