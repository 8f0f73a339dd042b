"""What a decision sets in motion, in words. The console records and tells it; others do it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews.choices import Verb
from reviews.models import APV

EFFECTS: dict[str, Any] = {
    Verb.APPROVE: _("pull request #{number} is to be merged"),
    Verb.REJECT: _("pull request #{number} is to be closed, unmerged"),
    Verb.MODIFY: _("changes are requested"),
    Verb.ESCALATE: _("a lead is to decide"),
    Verb.DISMISS: _("it leaves the queue; there is nothing to merge or close"),
}


def effect(apv: APV, verb: str) -> str:
    """What follows when `verb` is decided on `apv`."""
    return str(EFFECTS[verb]).format(number=apv.pr_number)
