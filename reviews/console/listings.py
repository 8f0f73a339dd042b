"""The lists of APVs and decisions, with their contents and words."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews.choices import Status
from reviews.decision_kinds import DecisionKind
from reviews.effects.attention import needs_attention
from reviews.models import APV, Decision


@dataclass(frozen=True)
class Listing:
    """One of the lists, and its words; `tab` is the label of its tab.

    The rows of one that is `of_decisions` are decisions, which not everybody may see; of others,
    APVs.
    """

    name: str
    tab: Any
    title: Any
    empty: Any
    hint: Any
    of_decisions: bool = False


PENDING = Listing(
    "pending",
    _("Pending"),
    _("Queue"),
    _("Nothing waits for a decision"),
    _("New APVs appear here when a pipeline adds them."),
)
ESCALATED = Listing(
    "escalated",
    _("Escalated"),
    _("Escalated"),
    _("Nothing is with the leads"),
    _("APVs appear here when a reviewer escalates them."),
)
DECIDED = Listing(
    "decided",
    _("Decided"),
    _("Decided"),
    _("Nothing is decided yet"),
    _("Decisions appear here as they are made."),
    of_decisions=True,
)
ATTENTION = Listing(
    "attention",
    _("Attention"),
    _("Needs attention"),
    _("Nothing needs attention"),
    _(
        "Decisions appear here if the forge refuses them, if they fail, or if they are not carried"
        " out within an hour."
    ),
    of_decisions=True,
)
WITHDRAWN = Listing(
    "withdrawn",
    _("Withdrawn"),
    _("Withdrawn"),
    _("Nothing is withdrawn"),
    _("APVs appear here when their pull request ends or all their advisories are withdrawn."),
)
LISTINGS = {one.name: one for one in (PENDING, ESCALATED, ATTENTION, WITHDRAWN, DECIDED)}


def listing_of(status: str, *, sees_decisions: bool = True) -> Listing:
    """Return the list with APVs of this status, or the queue if a user may not see that list."""
    listing = LISTINGS.get(status, DECIDED)
    return PENDING if listing is DECIDED and not sees_decisions else listing


def entries(listing: Listing) -> Any:
    """Return all rows of the list, unordered.

    Only decisions escalate APVs, and an index finds these. An index finds effects by state, too.
    """
    if listing is DECIDED:
        return Decision.objects.select_related("apv")
    if listing is ATTENTION:
        return Decision.objects.select_related("apv").filter(needs_attention("effect__"))
    if listing is WITHDRAWN:
        return APV.objects.filter(status=Status.WITHDRAWN)
    if listing is ESCALATED:
        escalations = Decision.objects.filter(decision=DecisionKind.ESCALATE)
        return APV.objects.filter(status=Status.ESCALATED, pk__in=escalations.values("apv"))
    return APV.objects.pending()
