"""Ask the author of a pull request for changes."""

from functools import partial

from forges.choices import PullRequestState
from reviews.choices import EffectState
from reviews.effects import comments
from reviews.effects.attempt import Attempt, Result, ended_by


def request_changes(attempt: Attempt) -> Result:
    """Request changes on the commit that was decided on, unless an earlier attempt did."""
    found = attempt.look()
    marker = comments.marker(attempt.effect)
    has_request = partial(attempt.client.has_change_request, *attempt.where, marker)
    if not attempt.is_first and attempt.read(has_request):
        return Result(EffectState.DONE)
    if found.state != PullRequestState.OPEN:
        return Result(EffectState.REFUSED, ended_by(found))
    attempt.check_head(found)
    decision, head = attempt.effect.decision, attempt.effect.head_commit
    parts = (comments.block(decision.justification), *comments.modifications(decision))
    text = attempt.comment("**Changes requested**", *parts)
    client = attempt.client
    attempt.write(lambda: client.request_changes(*attempt.where, head_sha=head, text=text))
    return Result(EffectState.DONE)
