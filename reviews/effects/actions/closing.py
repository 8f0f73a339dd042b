"""Close a rejected pull request, and say why."""

from forges.choices import PullRequestState
from reviews.choices import EffectState
from reviews.effects import comments
from reviews.effects.attempt import Attempt, Result, ended_by


def close(attempt: Attempt) -> Result:
    """Comment with the justification, close, and look whether nobody merged it meanwhile.

    A pull request that is closed stays as it is.
    """
    found = attempt.look()
    if found.state == PullRequestState.MERGED:
        return Result(EffectState.REFUSED, ended_by(found))
    if found.state == PullRequestState.CLOSED:
        return Result(EffectState.DONE, "" if attempt.begun else ended_by(found))
    attempt.check_head(found)
    attempt.say_once("**Rejected**", comments.block(attempt.effect.decision.justification))
    attempt.write(lambda: attempt.client.close(*attempt.where))
    if (found := attempt.look()).state == PullRequestState.MERGED:
        return Result(EffectState.REFUSED, ended_by(found))  # forges say yes to closing that, too
    return Result(EffectState.DONE)
