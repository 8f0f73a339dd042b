"""What a machine's pull request is: whether it is taken in, and which packages it changes.

Nothing in here reads or writes anything: a pull request goes in, an explanation comes out.
"""

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
