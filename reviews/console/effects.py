"""What a decision sets in motion, in words. The console records and tells it; others do it."""

from reviews.choices import Verb
from reviews.models import APV

EFFECTS: dict[str, str] = {
    Verb.APPROVE: "pull request #{number} is to be merged",
    Verb.REJECT: "pull request #{number} is to be closed, unmerged",
    Verb.MODIFY: "changes are requested",
    Verb.ESCALATE: "a lead is to decide",
}


def effect(apv: APV, verb: str) -> str:
    """What follows when `verb` is decided on `apv`."""
    return EFFECTS[verb].format(number=apv.pr_number)
