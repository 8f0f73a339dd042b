"""Writes: add APVs, change them and decide on them, from every interface."""

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

__all__ = [
    "DECIDERS",
    "DecisionFields",
    "add_apvs",
    "change_apv",
    "check",
    "codes_in_use",
    "decide",
    "is_barred",
    "may_decide",
    "save_changed",
    "wanted_justification",
]
