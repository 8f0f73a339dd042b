"""Ways in which machines and people damage a patch."""

import random
import re
from collections.abc import Callable

Mutation = Callable[[list[str], random.Random], list[str]]
COUNT = re.compile(r"(@@ -[0-9]+(?:,[0-9]+)? \+[0-9]+)(?:,([0-9]+))?( @@.*)", re.DOTALL)
HEADER = ("diff --git", "---", "+++", "index")


def _pick(lines: list[str], dice: random.Random) -> int:
    return dice.randrange(len(lines))


def change_count(lines: list[str], dice: random.Random) -> list[str]:
    """Count other lines in the header of a hunk than follow."""
    at = dice.choice([at for at, line in enumerate(lines) if COUNT.match(line)] or [None])
    if at is not None and (found := COUNT.match(lines[at])):
        count = max(0, int(found[2] or 1) + dice.choice([-3, -2, -1, 1, 2, 3]))
        lines[at] = f"{found[1]},{count}{found[3]}"
    return lines


def drop_line(lines: list[str], dice: random.Random) -> list[str]:
    del lines[_pick(lines, dice)]
    return lines


def double_line(lines: list[str], dice: random.Random) -> list[str]:
    at = _pick(lines, dice)
    return [*lines[:at], lines[at], *lines[at:]]


def cut_off(lines: list[str], dice: random.Random) -> list[str]:
    return lines[: _pick(lines, dice)]


def swap_headers(lines: list[str], dice: random.Random) -> list[str]:
    """Give a line of one header to another file."""
    kind = dice.choice(HEADER)
    places = [at for at, line in enumerate(lines) if line.startswith(kind)]
    if len(places) > 1:
        one, other = dice.sample(places, 2)
        lines[one], lines[other] = lines[other], lines[one]
    return lines


def drop_headers(lines: list[str], dice: random.Random) -> list[str]:
    kind = dice.choice(HEADER)
    return [line for line in lines if not line.startswith(kind + " ")]


def end_with_crlf(lines: list[str], dice: random.Random) -> list[str]:
    return [line.replace("\n", "\r\n") for line in lines]


def double(lines: list[str], dice: random.Random) -> list[str]:
    """Write the patch twice."""
    return lines + lines


def strip_spaces(lines: list[str], dice: random.Random) -> list[str]:
    """Strip the ends of lines, as editors do."""
    return [line.rstrip() + "\n" for line in lines]


MUTATIONS: tuple[Mutation, ...] = (
    change_count,
    drop_line,
    double_line,
    cut_off,
    swap_headers,
    drop_headers,
    end_with_crlf,
    double,
    strip_spaces,
)


def mutated(patch: str, dice: random.Random) -> tuple[str, str]:
    """Damage a patch in one way; return it with the name of the way."""
    change = dice.choice(MUTATIONS)
    lines = [line + "\n" for line in patch.removesuffix("\n").split("\n")]
    return change.__name__, "".join(change(lines, dice))
