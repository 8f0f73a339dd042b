"""What has become of a decision, in words: what its effect waits for, did, or was refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from realtime import clock
from reviews import services
from reviews.choices import EffectKind, EffectState
from reviews.console import confidence
from reviews.console.effects import effect
from reviews.effects.states import OPEN, STOPPED
from reviews.models import APV, Decision, Effect
from reviews.pull_requests.addresses import outcome_address

BRIEF = 10
"""How many characters are shown of a commit."""


class Phrases(NamedTuple):
    """What is said of a kind of effect, with `{number}` for the pull request.

    `word` is what a row says once it is done.
    """

    asked: Any
    running: Any
    done: Any
    stopped: Any
    word: Any


PHRASES = {
    EffectKind.MERGE: Phrases(
        gettext_lazy("pull request #{number} is to be merged"),
        gettext_lazy("pull request #{number} is being merged"),
        gettext_lazy("pull request #{number} is merged"),
        gettext_lazy("pull request #{number} was not merged"),
        pgettext_lazy("effect", "merged"),
    ),
    EffectKind.CLOSE: Phrases(
        gettext_lazy("pull request #{number} is to be closed, unmerged"),
        gettext_lazy("pull request #{number} is being closed"),
        gettext_lazy("pull request #{number} is closed, unmerged"),
        gettext_lazy("pull request #{number} was not closed"),
        pgettext_lazy("effect", "closed"),
    ),
    EffectKind.REQUEST_CHANGES: Phrases(
        gettext_lazy("changes are to be requested on pull request #{number}"),
        gettext_lazy("changes are being requested on pull request #{number}"),
        gettext_lazy("changes are requested on pull request #{number}"),
        gettext_lazy("changes were not requested on pull request #{number}"),
        pgettext_lazy("effect", "changes requested"),
    ),
    EffectKind.ESCALATE: Phrases(
        gettext_lazy("the escalation is to be noted on pull request #{number}"),
        gettext_lazy("the escalation is being noted on pull request #{number}"),
        gettext_lazy("the escalation is noted on pull request #{number}"),
        gettext_lazy("the escalation was not noted on pull request #{number}"),
        pgettext_lazy("effect", "noted"),
    ),
}
TONES = {
    EffectState.DONE: "good",
    EffectState.REFUSED: "bad",
    EffectState.FAILED: "bad",
    EffectState.CANCELLED: "quiet",
    EffectState.EXTERNAL: "quiet",
}
"""The colours of states; of those that are not here, that of what goes on."""
WORDS = {
    EffectState.RUNNING: pgettext_lazy("effect", "being carried out"),
    EffectState.EXTERNAL: pgettext_lazy("effect", "left to a pipeline"),
}
"""What a row says of a state instead of its label."""


@dataclass(frozen=True)
class Outcome:
    """What has become of a decision with something to carry out."""

    decision: Decision
    effect: Effect

    @property
    def state(self) -> EffectState:
        return EffectState(self.effect.state)

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "accent")

    @property
    def word(self) -> str:
        """Return the state in a word or two, for a row."""
        if self.state == EffectState.DONE and not self.is_left_to_others:
            return str(self._phrases.word)
        return str(WORDS.get(self.state, self.state.label))

    @property
    def text(self) -> str:
        """Return what happens or happened, as a sentence without its full stop."""
        return str(capfirst(self._sentence()))

    def _sentence(self) -> str:
        if self.state == EffectState.CANCELLED:
            return _("it was taken back before anything happened")
        if self.is_left_to_others:
            return self._of_others()
        phrases, number = self._phrases, self.decision.apv.pr_number
        match self.state:
            case EffectState.DONE:
                said = phrases.done
            case EffectState.REFUSED | EffectState.FAILED:
                said = phrases.stopped
            case EffectState.RUNNING if not self.is_unknown:
                said = phrases.running
            case _:
                said = phrases.asked
        return str(said).format(number=number)

    def _of_others(self) -> str:
        match self.state:
            case EffectState.DONE:
                return _("a pipeline reported that it is done")
            case EffectState.FAILED:
                return _("a pipeline reported that it failed")
        asked = effect(self.decision.apv, self.decision.decision)
        return _("{effect}, which is left to a pipeline").format(effect=asked)

    @property
    def why(self) -> str:
        """Return what stands before the forge's words."""
        match self.state:
            case EffectState.WAITING:
                return _("It waits:")
            case EffectState.FAILED if not self.is_left_to_others:
                return _("Given up:")
            case EffectState.RUNNING if self.is_unknown:
                return _("Whether it happened is not known yet:")
            case EffectState.QUEUED | EffectState.RUNNING:
                return _("The last time:")
        return ""

    @property
    def is_unknown(self) -> bool:
        """Return whether the answer to the last attempt was lost, and the next one is to come."""
        is_over = self.effect.next_at is not None and self.effect.next_at > clock.now()
        return self.state == EffectState.RUNNING and is_over

    @property
    def answer(self) -> str:
        return str(self.effect.answer)

    @property
    def commit(self) -> str:
        """Return the first characters of the merge commit, "" without one."""
        return str(self.effect.merged_commit[:BRIEF])

    @property
    def address(self) -> str:
        """Return where the merge commit, or what a pipeline reported, can be seen."""
        return outcome_address(self.effect)

    @property
    def is_left_to_others(self) -> bool:
        """Return whether a pipeline carries it out: the console never planned to."""
        return self.effect.due_at is None

    @property
    def held_until(self) -> datetime | None:
        """Return until when it is held, None if that is over."""
        until: datetime | None = self.effect.held_until
        is_held = self.state in {EffectState.HELD, EffectState.EXTERNAL}
        return until if is_held and until and until > clock.now() else None

    @property
    def seconds_left(self) -> int:
        until = self.held_until
        return max(0, round((until - clock.now()).total_seconds())) if until else 0

    @property
    def next_at(self) -> datetime | None:
        """Return when it is tried again, None before the first attempt and after the last."""
        is_tried = self.state == EffectState.RUNNING and not self.is_unknown
        tried_before = self.state in OPEN and self.effect.attempts > 0 and self.answer
        return self.effect.next_at if tried_before and not is_tried else None

    @property
    def is_stopped(self) -> bool:
        return self.state in STOPPED

    @property
    def _phrases(self) -> Phrases:
        return PHRASES[EffectKind(self.effect.kind)]


def outcome_of(decision: Decision) -> Outcome | None:
    """Return what has become of a decision, None if there is nothing to carry out."""
    found = decision.effect_or_none
    return Outcome(decision, found) if found else None


@dataclass(frozen=True)
class Made:
    """A decision as the page of its APV shows it to `user`."""

    apv: APV
    decision: Decision
    user: Any

    @property
    def outcome(self) -> Outcome | None:
        return outcome_of(self.decision)

    @property
    def effect(self) -> str:
        """Return what the decision means, where its outcome does not say it."""
        if self.decision.retraction_or_none:
            return ""
        if not self.decision.is_in_force:
            return self._past()
        if self.decision.is_awaiting:
            return _("it waits for another approval")
        is_said = self.decision.effect_or_none and self.decision.traits.final
        return "" if is_said else effect(self.apv, self.decision.decision)

    def _past(self) -> str:
        """Return what is to be said of a decision that is not in force."""
        if self.decision.is_awaiting and self.decision.revision == self.apv.revision:
            return ""  # it counted, or another decision ended the round
        return _("it does not stand any more") if self.decision.traits.final else ""

    @property
    def confidence(self) -> str:
        return confidence.in_words(self.decision.confidence)

    @property
    def may_try_again(self) -> bool:
        return services.may_try_again(self.user, self.decision, self.decision.effect_or_none)

    @property
    def may_retract(self) -> bool:
        if not self.decision.is_in_force:
            return False
        return services.may_retract(self.user, self.decision, self.decision.effect_or_none)
