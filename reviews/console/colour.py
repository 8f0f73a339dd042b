"""Code as coloured HTML, line by line; plain if it cannot be coloured.

The page shows the text itself, cut into runs. A lexer only says where the runs begin and what they
are, so it cannot add or leave out text.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

from django.core.cache import caches
from django.utils.safestring import SafeString, mark_safe

from reviews.console.languages import language_of
from reviews.console.lexer_process import Job, LexerProcess
from reviews.console.lookalikes import marked, passing_in_words

LONGEST_LINE = 2_000
"""Code with a longer line, in characters, stays plain: it is data or was minified."""
MOST_CHARACTERS = 400_000
"""Code of a diff beyond this, both sides counted, stays plain."""
MOST_RUNS = 40_000
"""Runs of a diff beyond this stay plain: an element for each would overwhelm a browser."""
MOST_MARKS = 1_000
"""Letters of a diff that are marked as passing for others; a notice above it tells of them too."""
KEPT_BYTES = 64 * 1024
"""Longer answers are not kept in memory."""

Side = tuple[str, Sequence[str]]
"""The name of a file, and its lines before or after a change."""
Runs = list[tuple[str, int]]
"""Classes and lengths of the runs that a text consists of."""

_lexers = LexerProcess()


def coloured(sides: Sequence[Side]) -> list[list[SafeString]]:
    """Return the lines of each side as HTML, coloured by the language of its file name."""
    jobs = [_job(side) for side in sides]
    found = _runs_of([job for job in jobs if job])
    left, marks = MOST_RUNS, MOST_MARKS
    html = []
    for (_name, lines), job in zip(sides, jobs, strict=True):
        text = "\n".join(lines)
        runs = found.get(job) if job else None
        left -= len(runs or ())
        places = set(sorted(passing_in_words(text))[:marks])
        marks -= len(places)
        shown = runs if runs and left >= 0 else [("", len(text))]
        html.append(_html(text, shown, places) if lines else [])
    return html


def _job(side: Side) -> Job | None:
    """Return the lexer's job for a side; None if its language is unknown or a line too long."""
    name, lines = side
    language = language_of(name)
    if language is None or not lines or max(map(len, lines)) > LONGEST_LINE:
        return None
    return language, "\n".join(lines)


def _runs_of(jobs: Sequence[Job]) -> dict[Job, Runs | None]:
    """Return the runs of each job that was possible, including those of earlier requests."""
    kept = caches["colours"].get_many([_key(job) for job in jobs])
    fresh = [job for job in jobs if _key(job) not in kept]
    if sum(len(text) for _language, text in fresh) > MOST_CHARACTERS:
        fresh = []
    answers = kept | _ask(fresh)
    return {job: _read(answers.get(_key(job)), job) for job in jobs}


def _read(answer: bytes | None, job: Job) -> Runs | None:
    """Return the runs of an answer; None if there is none, or they are not the whole text."""
    runs = json.loads(answer) if answer else None
    is_whole = runs and sum(length for _css, length in runs) == len(job[1])
    return runs if is_whole else None


def _ask(jobs: Sequence[Job]) -> dict[str, bytes]:
    """Ask the lexers, and cache their answers, including that a job took too long."""
    if not jobs:
        return {}
    try:
        answers = _lexers.runs(jobs)
    except TimeoutError:
        return {}
    if len(answers) < len(jobs):
        answers.append(b"null")
    found = {_key(job): answer for job, answer in zip(jobs, answers, strict=False)}
    caches["colours"].set_many(
        {key: answer for key, answer in found.items() if len(answer) <= KEPT_BYTES}
    )
    return found


def _key(job: Job) -> str:
    return hashlib.sha256(json.dumps(job).encode()).hexdigest()


def _html(text: str, runs: Runs, places: set[int]) -> list[SafeString]:
    """Return the lines of a text as HTML, with an element for each run and each marked letter."""
    at = 0
    rows: list[list[str]] = [[]]
    for css, length in runs:
        first, *rest = _parts(text, at, length, places)
        rows[-1].append(_span(css, first))
        rows += [[_span(css, part)] for part in rest]
        at += length
    return [mark_safe("".join(row)) for row in rows]  # noqa: S308 — escaped # nosec B308, B703


def _parts(text: str, at: int, length: int, places: set[int]) -> Iterator[SafeString]:
    """Yield the lines of one run as HTML."""
    for part in text[at : at + length].split("\n"):
        yield marked(part, places, at)
        at += len(part) + 1


def _span(css: str, markup: str) -> str:
    return f'<span class="{css}">{markup}</span>' if css and markup else markup
