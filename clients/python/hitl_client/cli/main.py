"""The entry point: runs a command, and turns what went wrong into one line and an exit code."""

import io
import logging
import os
import sys
from collections.abc import Sequence
from enum import IntEnum

from hitl_client.cli.arguments import parser
from hitl_client.cli.terminal import Notes, note
from hitl_client.errors import (
    Conflict,
    Forbidden,
    HITLError,
    Misconfigured,
    NotAllowed,
    PositionsUnreadable,
    SignedOut,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    VersionChanged,
)


class Exit(IntEnum):
    """The exit codes; `hitl --help` describes them."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NO_ANSWER = 4
    CONFLICT = 5
    FAULT = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


EXITS: dict[Exit, tuple[type[HITLError], ...]] = {
    Exit.USAGE: (Misconfigured, PositionsUnreadable),
    Exit.NOT_ALLOWED: (Unauthorized, NotAllowed, SignedOut, Forbidden),
    Exit.NO_ANSWER: (Unreachable, Unavailable, TooManyRequests, UnexpectedAnswer),
    Exit.CONFLICT: (Conflict, VersionChanged),
    Exit.REFUSED: (HITLError,),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, and return its exit code."""
    logging.basicConfig(handlers=[Notes()], level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has every character
    given = parser().parse_args(arguments)
    try:
        given.run(given)
    except HITLError as error:
        return _fail(str(error), exit_of(error))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader has enough, and Python must not write to it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.PIPE_CLOSED
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return _fail(f"This is a fault of hitl, please report it: {what}", Exit.FAULT)
    return Exit.DONE


def exit_of(error: HITLError) -> Exit:
    return next(code for code, kinds in EXITS.items() if isinstance(error, kinds))


def _fail(why: str, code: Exit) -> Exit:
    """Say in one line why; lines of others' texts become spaces."""
    note(f"hitl: {' '.join(why.split())}")
    return code
