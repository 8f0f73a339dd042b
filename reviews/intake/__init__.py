"""Explain a machine's pull request: whether it is accepted, and which packages it changes."""

from reviews.intake.explain import Explanation, explain
from reviews.intake.model import Change, PullRequest, Refused
from reviews.intake.rules import BOT_BRANCHES, BOTS, Rules

__all__ = [
    "BOTS",
    "BOT_BRANCHES",
    "Change",
    "Explanation",
    "PullRequest",
    "Refused",
    "Rules",
    "explain",
]
