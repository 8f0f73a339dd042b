"""Code as coloured HTML, line by line; plain if it cannot be coloured.

The page shows the text itself, cut into runs. A lexer only says where the runs begin and what they
are, so it cannot add or leave out text.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

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
"""Answers that are longer, when compressed, are not kept in memory."""

Side = tuple[str, Sequence[str]]
"""The name of a file, and its lines before or after a change."""


class Runs(NamedTuple):
    """The runs that a text consists of."""

    classes: list[str]
    lengths: list[int]


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
        left -= len(runs.lengths) if runs else 0
        places = set(sorted(passing_in_words(text))[:marks])
        marks -= len(places)
        shown = runs if runs and left >= 0 else Runs([""], [len(text)])
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
    keys = {job: _key(job) for job in jobs}
    answers = _kept(keys.values())
    fresh = [job for job in jobs if keys[job] not in answers]
    if sum(len(text) for _language, text in fresh) <= MOST_CHARACTERS:
        answers |= {keys[job]: answer for job, answer in _ask(fresh).items()}
        _keep({keys[job]: answers[keys[job]] for job in fresh if keys[job] in answers})
    return {job: _read(answers.get(keys[job]), job) for job in jobs}


def _read(answer: bytes | None, job: Job) -> Runs | None:
    """Return the runs of an answer; None if there is none, or they are not the whole text."""
    columns = json.loads(answer) if answer else None
    runs = Runs(*columns) if columns else None
    return runs if runs and sum(runs.lengths) == len(job[1]) else None


def _ask(jobs: Sequence[Job]) -> dict[Job, bytes]:
    """Ask the lexers; return their answers, including that a job took too long."""
    if not jobs:
        return {}
    try:
        answers = _lexers.runs(jobs)
    except TimeoutError:
        return {}
    if len(answers) < len(jobs):
        answers.append(b"null")
    return dict(zip(jobs, answers, strict=False))


def _kept(keys: Iterable[str]) -> dict[str, bytes]:
    found = caches["colours"].get_many(keys)
    return {key: zlib.decompress(compressed) for key, compressed in found.items()}


def _keep(answers: dict[str, bytes]) -> None:
    compressed = {key: zlib.compress(answer, 1) for key, answer in answers.items()}
    short = {key: answer for key, answer in compressed.items() if len(answer) <= KEPT_BYTES}
    caches["colours"].set_many(short)


def _key(job: Job) -> str:
    return hashlib.sha256(json.dumps(job).encode()).hexdigest()


def _html(text: str, runs: Runs, places: set[int]) -> list[SafeString]:
    """Return the lines of a text as HTML, with an element for each run and each marked letter."""
    at, parts = 0, []
    known: dict[tuple[str, str], str] = {}  # code repeats itself: most runs were met before
    for css, length in zip(runs.classes, runs.lengths, strict=True):
        run = text[at : at + length]
        html = None if places else known.get((css, run))
        if html is None:
            html = known[css, run] = _run(css, run, places, at)
        parts.append(html)
        at += length
    lines = "".join(parts).split("\n")
    return [mark_safe(line) for line in lines]  # noqa: S308 — escaped # nosec B308, B703


def _run(css: str, text: str, places: set[int], at: int) -> str:
    """Return one run as HTML, with an element on each of its lines."""
    lines = []
    for line in text.split("\n"):
        lines.append(_span(css, marked(line, places, at)))
        at += len(line) + 1
    return "\n".join(lines)


def _span(css: str, markup: str) -> str:
    return f'<span class="{css}">{markup}</span>' if css and markup else markup
