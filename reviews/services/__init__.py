"""Writes: add APVs, change and revise them, and decide on them, from every interface."""

from reviews.permissions import DECIDERS
from reviews.services.adding import add_apvs, change_apv, codes_in_use, save_values, with_priority
from reviews.services.assigning import assign
from reviews.services.claiming import (
    claim,
    claim_next,
    expire_soon,
    release,
    renew,
    take_over,
)
from reviews.services.commenting import (
    comment,
    delete_comment,
    edit_comment,
    may_delete,
    may_edit,
)
from reviews.services.deadlines import save_rule
from reviews.services.deciding import (
    DecisionFields,
    check,
    decide,
    is_barred,
    may_decide,
    wanted_justification,
)
from reviews.services.following_advisories import follow_advisories
from reviews.services.outcomes import may_try_again, report_outcome, try_again
from reviews.services.policies import add_version, draft, make_policy, recount_rounds, set_active
from reviews.services.retracting import may_retract, retract
from reviews.services.revising import Withdrawal, add_evidence, reopen, revise, withdraw
from reviews.services.saving_views import (
    delete_view,
    move_view,
    rename_view,
    replace_view,
    save_view,
)
from reviews.services.saving_views import may_change as may_change_view
from reviews.services.taking_in import take_in
from reviews.services.templates import delete_template, save_template

__all__ = [
    "DECIDERS",
    "DecisionFields",
    "Withdrawal",
    "add_apvs",
    "add_evidence",
    "add_version",
    "assign",
    "change_apv",
    "check",
    "claim",
    "claim_next",
    "codes_in_use",
    "comment",
    "decide",
    "delete_comment",
    "delete_template",
    "delete_view",
    "draft",
    "edit_comment",
    "expire_soon",
    "follow_advisories",
    "is_barred",
    "make_policy",
    "may_change_view",
    "may_decide",
    "may_delete",
    "may_edit",
    "may_retract",
    "may_try_again",
    "move_view",
    "recount_rounds",
    "release",
    "rename_view",
    "renew",
    "reopen",
    "replace_view",
    "report_outcome",
    "retract",
    "revise",
    "save_rule",
    "save_template",
    "save_values",
    "save_view",
    "set_active",
    "take_in",
    "take_over",
    "try_again",
    "wanted_justification",
    "with_priority",
    "withdraw",
]
