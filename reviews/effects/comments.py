"""What the console writes on a pull request.

Texts of people and machines stand in code blocks: there a forge neither notifies anybody whom they
mention, nor carries out commands, which GitLab reads at the beginning of a line.
"""

import re

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator

from reviews.models import Decision, Effect

MOST_CHARACTERS = 10_000
"""Of one text; forges take about 65,000 characters for a comment (GitHub's limit)."""
MOST_MODIFICATIONS = 50


def marker(effect: Effect) -> str:
    """Return what marks the comments of an effect; a page of the forge does not show it."""
    return f"<!-- hitl-console {effect.pk} -->"


def comment(effect: Effect, headline: str, *parts: str, names_reviewer: bool) -> str:
    """Return a comment: what was decided, `parts`, where it can be read, and the marker."""
    decision = effect.decision
    by = f" by {inline(decision.reviewer_name)}" if names_reviewer else ""
    address = address_of(decision.apv.apv_code)
    read = f"[{decision.apv.apv_code}]({address})" if address else decision.apv.apv_code
    return "\n\n".join([f"{headline}{by}: {read}.", *parts, marker(effect)])


def address_of(apv_code: str) -> str:
    """Return where an APV stands in the console, "" if the console does not know its address."""
    base = settings.HITL_CONSOLE_URL
    return base + reverse("apv", args=[apv_code]) if base else ""


def modifications(decision: Decision) -> list[str]:
    """Return the changes that a decision asks for, as items of a list."""
    items = [*decision.modifications.items()]
    shown = [f"- {inline(f'{name}: {value}')}" for name, value in items[:MOST_MODIFICATIONS]]
    if more := len(items) - len(shown):
        shown.append(f"- and {more} more")
    return ["\n".join(shown)]


def block(text: str) -> str:
    """Return a text as a code block that nothing in it ends (CommonMark 0.31, 4.5)."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{Truncator(text).chars(MOST_CHARACTERS)}\n{fence}"


def inline(text: str) -> str:
    """Return a text in one line as a code span that nothing in it ends (CommonMark 0.31, 6.1)."""
    line = Truncator(" ".join(text.split())).chars(1000)
    ticks = "`" * (_longest_run(line) + 1)
    return f"{ticks} {line} {ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
