"""What the console writes on a pull request.

Texts of people and machines stand in quoted code blocks: there a forge neither notifies anybody
whom they mention, nor carries out commands, which GitLab reads at the beginning of a line.
"""

import re

from django.conf import settings
from django.urls import reverse

from reviews.models import JUSTIFICATION_LENGTH, Decision, Effect

MOST_CHARACTERS = JUSTIFICATION_LENGTH[1]
MOST_IN_A_LIST = 40_000
"""Of a text, and of all modifications; a comment has at most 65,536 characters on GitHub."""
MOST_IN_A_LINE = 1000
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
    shown: list[str] = []
    for name, value in [*decision.modifications.items()][:MOST_MODIFICATIONS]:
        item = f"- {inline(f'{name}: {value}')}"
        if sum(map(len, shown)) + len(item) > MOST_IN_A_LIST:
            break
        shown.append(item)
    if more := len(decision.modifications) - len(shown):
        shown.append(f"- and {more} more")
    return ["\n".join(shown)]


def block(text: str) -> str:
    """Return a text as a quoted code block that nothing in it ends (CommonMark 0.31, 4.5 and 5.1).

    GitLab takes any line of three backticks for the end of a code block when it looks for commands.
    It finds none in a quote, as no line there begins with a slash.
    """
    shown = _cut(text, MOST_CHARACTERS)
    fence = "`" * max(3, _longest_run(shown) + 1)
    lines = [f"{fence}text", *shown.splitlines(), fence]
    return "\n".join(f"> {line}" for line in lines)


def inline(text: str) -> str:
    """Return a text in one line as a code span that nothing in it ends (CommonMark 0.31, 6.1)."""
    line = _cut(" ".join(text.split()), MOST_IN_A_LINE)
    ticks = "`" * (_longest_run(line) + 1)
    return f"{ticks} {line} {ticks}"


def _cut(text: str, most: int) -> str:
    """Return a text with `most` characters at most. Django's Truncator counts accents as none."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
