"""Writes: add APVs, change and revise them, and decide on them, from every interface."""

from reviews.services.adding import add_apvs, change_apv, codes_in_use, save_changed
from reviews.services.deciding import (
    DECIDERS,
    DecisionFields,
    check,
    decide,
    is_barred,
    may_decide,
    wanted_justification,
)
from reviews.services.following_advisories import follow_advisories
from reviews.services.revising import Withdrawal, add_evidence, reopen, revise, withdraw
from reviews.services.taking_in import name_of, take_in

__all__ = [
    "DECIDERS",
    "DecisionFields",
    "Withdrawal",
    "add_apvs",
    "add_evidence",
    "change_apv",
    "check",
    "codes_in_use",
    "decide",
    "follow_advisories",
    "is_barred",
    "may_decide",
    "name_of",
    "reopen",
    "revise",
    "save_changed",
    "take_in",
    "wanted_justification",
    "withdraw",
]
