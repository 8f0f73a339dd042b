"""One attempt to carry an effect out, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from forges.choices import PullRequestState
from forges.clients.base import Client, PullRequestData
from forges.errors import REFUSALS, HeadMoved, Unavailable
from forges.models import Repository
from reviews.choices import EffectState
from reviews.effects import comments, records
from reviews.models import APV, Effect

Answer = TypeVar("Answer")


class Overtaken(Exception):
    """Another attempt has begun, as this one seemed to be dead."""


class Outdated(Exception):
    """The decision is not what is wanted any more; `words` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Result(NamedTuple):
    """The state that an attempt ends in; `answer` says why, mostly in the forge's words.

    `in_merge_queue` is None if the attempt did not find out.
    """

    state: EffectState
    answer: str = ""
    merged_commit: str = ""
    in_merge_queue: bool | None = None


@dataclass
class Attempt:
    """An effect, and the client to carry it out with.

    `begun` says whether the forge may have done a part of it: from the first write on, and if an
    earlier attempt never learnt what became of its writes.
    """

    effect: Effect
    client: Client
    begun: bool

    @cached_property
    def apv(self) -> APV:
        found: APV = self.effect.decision.apv
        return found

    @cached_property
    def repository(self) -> Repository:
        assert self.apv.pull_request  # an effect of an APV without one is left to others
        return self.apv.pull_request.repository

    @property
    def where(self) -> tuple[str, int]:
        """Return the path of the repository and the number of the pull request."""
        assert self.apv.pull_request
        return self.repository.path, self.apv.pull_request.number

    @property
    def is_first(self) -> bool:
        return self.effect.attempts == 1

    def look(self) -> PullRequestData:
        """Return the pull request as it is now."""
        return self.read(lambda: self.client.pull_request(*self.where))

    def read(self, ask: Callable[[], Answer]) -> Answer:
        """Ask the forge what is there. That it does not say so tells nothing of what was begun."""
        try:
            return ask()
        except REFUSALS as error:
            if self.begun:
                raise Unavailable(error.words) from error
            raise

    def write(self, ask: Callable[[], object]) -> None:
        """Ask the forge for a change. From now on a part of the effect may be done.

        Raise Overtaken or Outdated before it is asked.
        """
        self._check_present()
        self.begun = True
        ask()

    def _check_present(self) -> None:
        """Check that this attempt is the latest one, and its decision what is wanted.

        This process may have stood still since it looked, for long enough to be taken for dead.
        """
        rows = Effect.objects.select_related("decision__apv").defer("decision__apv__patch_diff")
        now = rows.get(pk=self.effect.pk)
        if not records.is_same_attempt(now, self.effect):
            raise Overtaken
        if why := records.why_unwanted(now):
            raise Outdated(why)

    def comment(self, headline: str, *parts: str) -> str:
        """Return the text of this effect's comment."""
        return comments.comment(
            self.effect, headline, *parts, names_reviewer=self.repository.names_reviewers
        )

    def say_once(self, headline: str, *parts: str) -> None:
        """Comment on the pull request, unless an earlier attempt did."""
        if not self.has_said():
            text = self.comment(headline, *parts)
            self.write(lambda: self.client.comment(*self.where, text))

    def has_said(self) -> bool:
        """Return whether an earlier attempt has commented."""
        if self.is_first:
            return False
        marker = comments.marker(self.effect)
        return self.read(lambda: self.client.has_comment(*self.where, marker))

    def check_head(self, found: PullRequestData) -> None:
        """Raise HeadMoved if the head is not the commit that was decided on."""
        wanted = self.effect.head_commit
        if found.head_sha != wanted:
            raise HeadMoved(records.why_outdated(wanted, found.head_sha))


def ended_by(found: PullRequestData) -> str:
    """Return that a pull request ended, and by whom, in words."""
    word = "merged" if found.state == PullRequestState.MERGED else "closed"
    return f"it was {word} already" + (f" by {found.ended_by}" if found.ended_by else "")
