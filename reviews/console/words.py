"""The texts for the page's scripts, in the reader's language."""

from functools import cache
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from reviews import services
from reviews.choices import Severity
from reviews.console.due import words_of_due
from reviews.decision_kinds import DecisionKind


def kinds() -> dict[str, dict[str, Any]]:
    """Return the properties of each kind of decision for the scripts, by its value."""
    return {
        kind.value: {
            "key": kind.traits.key,
            "final": kind.traits.final,
            "modifies": kind.traits.needs_modifications,
            "tone": kind.traits.tone,
        }
        for kind in DecisionKind
    }


def refusals() -> dict[str, str]:
    """Return the meaning of each refusal of a decision, by status or by kind of failure."""
    return {
        "400": _("The server could not read what was sent. Load the page again and resend it."),
        "401": _("You are signed out. Sign in again in another tab, then send it from here."),
        "403": _(
            "You may not do this any more, or signed in as somebody else meanwhile. "
            "Sign in again, or ask who runs the console."
        ),
        "404": _("This APV is not here any more. Copy what you wrote, and go back to the queue."),
        "409": _("Something else was decided meanwhile. Load the page again to see it."),
        "413": _("What you wrote is too long to be sent. Shorten it."),
        "429": _("Too much was sent in a short time. Wait {count} s, then send it again."),
        "5xx": _("The server has trouble of its own ({status})."),
        "network": _("Not sent: the server could not be reached."),
        "lost": _("The line broke before the server answered."),
        "timeout": _("The server did not answer in time."),
        "other": _("The server refused this ({status}). Load the page again and resend it."),
    }


def words() -> dict[str, Any]:
    """Return each sentence by name, looked up once for a language; a script fills in `{…}`."""
    return _words_in(get_language())


@cache
def _words_in(_language: str | None) -> dict[str, Any]:
    return {
        **_of_line(),
        **_of_list(),
        **_of_reading(),
        **_of_drafts(),
        **_of_decisions(),
        **_of_undoing(),
        **_of_team(),
        **words_of_due(),
        **_of_failures(),
    }


def _of_line() -> dict[str, Any]:
    """Return the texts about the connection."""
    return {
        "line": {
            "connecting": _("Connecting…"),
            "live": _("Live"),
            "catching up": _("Catching up…"),
            "stale": _("Reconnecting – may be out of date"),
            "offline": _("Offline – may be out of date"),
            "refused": _("Not connected"),
        }
    }


def _of_list() -> dict[str, Any]:
    """Return the texts about rows that come and leave."""
    return {
        "severities": {one.value: str(one.label) for one in Severity},
        "outcomes": {kind.value: str(kind.traits.outcome.label) for kind in DecisionKind},
        "new": _("{count} new"),
        "foundOne": _found(1),
        "foundMany": _found(2),
        "foundMore": _("More than %(total)s found") % {"total": "{count}"},
        "arrived": _("{code} arrived: {severity}, {package}"),
        "manyArrived": _("{count} APVs arrived"),
        "decided": _("{code} {outcome} by {reviewer}"),
        "decidedBy": _("{outcome} by {reviewer}"),
        "manyDecided": _("{count} APVs decided"),
        "takenBack": _("The decision on {code} was taken back"),
        "manyTakenBack": _("{count} decisions were taken back"),
        "selected": _("{count} selected"),
        "allSelected": _("All that match"),
        "notSelectable": _("Nothing can be selected in this list"),
        "notTogether": _("That cannot be done with several at once"),
        "noNext": _("Nothing comes after this one"),
        "otherRow": _("The focus is on {code}, which is not open: press Enter to open it"),
    }


def _of_reading() -> dict[str, Any]:
    """Return the texts about the open APV and its other readers."""
    return {
        "whileReading": _("{code} {outcome} by {reviewer} while you were reading."),
        "closed": _("{code} {outcome} while you were reading."),
        "changed": _("This APV changed while you were reading."),
        "revised": _("Revision {number} came while you were reading: the patch is another one."),
        "retracted": _("The decision was taken back: the APV waits for one again."),
        "approvals": _("The approvals of this APV changed while you were reading."),
        "rebased": _("Revision {number}: the same patch on another commit."),
        "isReading": _("{name} is reading this"),
        "areReading": _("{name} are reading this"),
        "copied": _("Copied"),
        "notCopied": _("Could not be copied"),
        "suggest": _("Suggest a change at this line"),
        "commentOn": _("Comment on {place}"),
    }


def _of_drafts() -> dict[str, Any]:
    """Return the texts about the form while the reviewer fills it in."""
    return {
        "characters": _("{count} of {most} characters"),
        "tooShort": _("{count} more characters needed"),
        "draftKept": _("Draft kept in this browser"),
        "draftStays": _("Your draft stays here."),
        "typing": _("No field has the caret, so that what you type goes nowhere."),
        "missing": {
            "decision": _("Choose what to decide."),
            "justification": services.wanted_justification(),
            "modifications": _("Say what to change."),
        },
    }


def _of_decisions() -> dict[str, Any]:
    """Return the texts about sending a decision, and why it may not be possible."""
    return {
        "send": _("{verb} {code}"),
        "sendAgain": _(
            "It may be recorded all the same. Send it again: nothing is recorded twice."
        ),
        "refusals": refusals(),
        "cannot": _(
            "{reason}. What you type does nothing until you press Esc or choose something."
        ),
        "nothingToDecide": _("There is nothing for you to decide here"),
        "isOver": _("Somebody else decided on this APV meanwhile"),
        "isClosed": _("This APV is not open any more"),
        "isAsked": _("The question about this decision is open"),
        "notYetDecided": _(
            "{code} is not decided: there is something to know before. Open it again."
        ),
    }


def _of_undoing() -> dict[str, Any]:
    """Return the texts about taking the last decision back."""
    return {
        "canUndo": _("For {count} seconds, Undo or the key z takes it back."),
        "undone": _("Your decision on {code} is undone: it waits for a decision again."),
        "nothingToUndo": _("There is nothing to undo any more."),
        "notUndoneBecause": _("Your decision on {code} is not undone. {reason}"),
        "notUndone": _("It may not be undone: the server could not be reached. Look at the APV."),
    }


def _of_team() -> dict[str, Any]:
    """Return the texts about claims."""
    return {
        "mentionedYou": _("{name} mentioned you on {code}"),
        "tookOver": _("{name} took {code} over from you: {reason}"),
        "tookOverSilently": _("{name} took {code} over from you."),
        "youHaveIt": _("You have it"),
        "cannotClaim": _("There is nothing for you to claim here"),
        "noneFree": _("There is no other one that nobody has"),
    }


def _of_failures() -> dict[str, Any]:
    """Return the texts about failed reads."""
    return {
        "apvUnread": _("{code} could not be read: the server cannot be reached. Open it again."),
        "partUnread": _("This could not be read: the server cannot be reached."),
        "tooMuch": _("Too much was sent in a short time. Try again in a moment."),
        "failed": _("The server could not answer. Try again."),
    }


def _found(count: int) -> str:
    """Return the sentence above a list, as its template has it."""
    return ngettext("%(total)s found", "%(total)s found", count) % {"total": "{count}"}
