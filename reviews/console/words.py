"""The words that the page's scripts need, in the reader's language."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from reviews.choices import OUTCOME, Severity, Verb


def words() -> dict[str, Any]:
    """Each sentence by name; `{…}` stands for what a script fills in."""
    return {
        "line": {
            "connecting": _("Connecting…"),
            "live": _("Live"),
            "catching up": _("Catching up…"),
            "stale": _("Reconnecting – may be out of date"),
            "offline": _("Offline – may be out of date"),
            "refused": _("Not connected"),
        },
        "severities": {one.value: str(one.label) for one in Severity},
        "outcomes": {verb: str(status.label) for verb, (status, _action) in OUTCOME.items()},
        "verbs": {verb.value: capfirst(str(verb.label)) for verb in Verb},
        "new": _("{count} new"),
        "arrived": _("{code} arrived: {severity}, {package}"),
        "manyArrived": _("{count} APVs arrived"),
        "decided": _("{code} {outcome} by {reviewer}"),
        "decidedBy": _("{outcome} by {reviewer}"),
        "manyDecided": _("{count} APVs decided"),
        "whileReading": _("{code} {outcome} by {reviewer} while you were reading."),
        "changed": _("This APV changed while you were reading."),
        "isReading": _("{name} is reading this"),
        "areReading": _("{name} are reading this"),
        "noNext": _("Nothing comes after this one"),
        "copied": _("Copied"),
        "notCopied": _("Could not be copied"),
        "send": _("{verb} {code}"),
        "characters": _("{count} of {most} characters"),
        "tooShort": _("{count} more characters needed"),
        "draftKept": _("Draft kept in this browser"),
        "notSent": _("Not sent: the server could not be reached. Your draft is kept here."),
        "tooMuch": _("Too much was sent in a short time. Try again in a moment."),
        "failed": _("The server could not answer. Try again."),
    }
