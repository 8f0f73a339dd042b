"""A reviewer's confidence: asked in words, stored as a number, shown in percent."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

ANSWERS: list[tuple[float, Any]] = [
    (0.95, gettext_lazy("Sure")),
    (0.75, gettext_lazy("Fairly sure")),
    (0.5, gettext_lazy("Unsure")),
]
"""The answers that the form offers, with what each counts as, from 0 to 1."""


def in_words(value: float | None) -> str:
    """Return `value`, from 0 to 1, in percent, with its word if it is one of the answers."""
    if value is None:
        return _("not said")
    percent = f"{round(100 * value)} %"
    word = dict(ANSWERS).get(value)
    return percent if word is None else f"{word}, {percent}"


def choices(chosen: str) -> list[tuple[str, str]]:
    """Return the answers as values and labels, including `chosen` as it was sent."""
    found = [("", _("Not said")), *((repr(value), in_words(value)) for value, _word in ANSWERS)]
    known = {value for value, _label in found}
    return found if chosen in known else [*found, (chosen, _other(chosen))]


def _other(chosen: str) -> str:
    try:
        return in_words(float(chosen))
    except (ValueError, OverflowError):
        return chosen


def _unanswered() -> list[tuple[str, str]]:
    return choices("")


form_choices: Any = _unanswered
"""The answers as a form's field takes them: asked for anew each time, in the reader's language."""
