"""Merge exactly the approved commit."""

from contextlib import suppress

from forges.choices import CheckState, MergeMethod, PullRequestState
from forges.clients.base import PullRequestData
from forges.errors import REFUSALS, ForgeError, NotMergeable, Unavailable
from reviews.choices import EffectState
from reviews.effects import gate
from reviews.effects.attempt import Attempt, Outdated, Result, ended_by

LEFT_THE_QUEUE = "the forge took it out of the merge queue"
IN_THE_QUEUE = "it is in the merge queue"


def merge(attempt: Attempt) -> Result:
    """Merge the pull request, if its head is the approved commit, and look whether it is merged."""
    found = attempt.look()
    if found.state != PullRequestState.OPEN:
        return _ended(attempt, found)
    attempt.check_head(found)
    _check_target(attempt, found)
    gate.set_status(attempt.client, attempt.apv)
    if attempt.effect.in_merge_queue:
        return _follow_queue(attempt)
    try:
        return _merge(attempt)
    except NotMergeable as error:
        return _not_yet(attempt, error)


def _ended(attempt: Attempt, found: PullRequestData) -> Result:
    """Return the result for a pull request that is open no longer."""
    if found.state == PullRequestState.CLOSED:
        return Result(EffectState.REFUSED, ended_by(found))
    attempt.check_head(found)
    _check_target(attempt, found)
    if attempt.begun or attempt.effect.in_merge_queue:
        _delete_branch(attempt, found)
        return Result(EffectState.DONE, merged_commit=found.merged_sha)
    return Result(EffectState.DONE, ended_by(found), found.merged_sha)


def _check_target(attempt: Attempt, found: PullRequestData) -> None:
    """Raise Outdated if the pull request goes into another branch than when it was taken in."""
    assert attempt.apv.pull_request
    if found.base_ref != (before := attempt.apv.pull_request.base_ref):
        raise Outdated(f"its target changed from {before} to {found.base_ref}")


def _merge(attempt: Attempt) -> Result:
    head, method = attempt.effect.head_commit, MergeMethod(attempt.repository.merge_method)
    try:
        attempt.write(lambda: attempt.client.merge(*attempt.where, head_sha=head, method=method))
    except REFUSALS:
        # What an earlier attempt asked for may have happened only now; or this one merged, and what
        # the forge does not let us see is the result.
        if (found := attempt.look()).state != PullRequestState.MERGED:
            raise
        return _ended(attempt, found)
    if (found := attempt.look()).state == PullRequestState.OPEN:
        raise Unavailable("it said that it merged, and has not merged yet")
    return _ended(attempt, found)


def _not_yet(attempt: Attempt, error: NotMergeable) -> Result:
    """Return what to do about a forge that does not merge now."""
    if attempt.client.merge_queue(*attempt.where).required:
        return _follow_queue(attempt)
    attempt.begun = False  # no earlier attempt merged it, or has it in a queue
    gate.set_status(attempt.client, attempt.apv, again=True)  # it may have been lost
    found = attempt.look()
    if found.draft:
        return Result(EffectState.REFUSED, f"it is a draft ({error.words})")
    if found.mergeable is False:
        return Result(EffectState.REFUSED, f"it conflicts with its target ({error.words})")
    states = {check.state for check in attempt.client.checks(attempt.where[0], found.head_sha)}
    if CheckState.FAILURE in states and CheckState.PENDING not in states:
        return Result(EffectState.REFUSED, f"a check failed ({error.words})")
    return Result(EffectState.WAITING, error.words)


def _follow_queue(attempt: Attempt) -> Result:
    """Put the pull request into the merge queue once; what the forge takes out stays out.

    A status that is required before a merge is required of the commit that the queue checks, too.
    """
    entry = attempt.client.merge_queue(*attempt.where).entry
    if entry is None and attempt.effect.in_merge_queue:
        if (found := attempt.look()).state == PullRequestState.MERGED:
            return _ended(attempt, found)
        return Result(EffectState.REFUSED, LEFT_THE_QUEUE, in_merge_queue=False)
    if entry is None:
        head = attempt.effect.head_commit
        attempt.write(lambda: attempt.client.enqueue(*attempt.where, head_sha=head))
    elif commit := entry.commit:
        attempt.write(lambda: gate.approve(attempt.client, attempt.apv, commit))
    return Result(EffectState.WAITING, IN_THE_QUEUE, in_merge_queue=True)


def _delete_branch(attempt: Attempt, found: PullRequestData) -> None:
    """Delete the branch if the repository is set so. That it stays is no fault of the merge."""
    if attempt.repository.deletes_branch and not found.from_fork:
        with suppress(ForgeError):
            attempt.client.delete_branch(attempt.where[0], found.head_ref)
