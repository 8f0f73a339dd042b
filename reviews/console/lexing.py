"""A program that splits code into coloured runs, and that may be killed at any time.

Lexers are regular expressions. On some texts they take time that grows with the square of the
length, or never end, and meanwhile no other thread of their process runs. So they run in this
process, which the kernel ends when it has used its time.

It reads requests as JSON from the socket whose number is its argument, `[seconds, [[language,
text], …]]`, and answers each text with one message: `[[class, …], [length, …]]` of the runs that
together cover the text, or `null` if the lexer changed it. It ends when the other side closes the
socket.
"""

import json
import resource
import signal
import sys
from multiprocessing.connection import Connection

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space: a lexer that gathers more than this ends with a MemoryError."""


def runs_of(lexer: Lexer, text: str) -> list[tuple[str, int]] | None:
    """Return the classes and lengths of a text's runs; None if they do not add up to the text."""
    runs: list[tuple[str, int]] = []
    at = 0
    for start, token, value in lexer.get_tokens_unprocessed(text):
        if start != at or not text.startswith(value, at):
            return None
        at += len(value)
        css = STANDARD_TYPES.get(token, "")
        if runs and runs[-1][0] == css:
            runs[-1] = (css, runs[-1][1] + len(value))
        elif value:
            runs.append((css, len(value)))
    return runs if at == len(text) else None


def encoded(runs: list[tuple[str, int]] | None) -> bytes:
    """Return runs as two lists, which are read several times faster than many short ones."""
    columns = ([css for css, _ in runs], [length for _, length in runs]) if runs else None
    return json.dumps(columns, separators=(",", ":")).encode()


def answer(line: Connection, seconds: float, jobs: list[tuple[str, str]]) -> None:
    """Answer one request; the kernel ends this process after `seconds` of computing."""
    lexers = [get_lexer_by_name(language) for language, _text in jobs]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    for lexer, (_language, text) in zip(lexers, jobs, strict=True):
        try:
            runs = runs_of(lexer, text)
        except Exception:  # a lexer's error: this text stays plain
            runs = None
        line.send_bytes(encoded(runs))
    signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    line = Connection(int(sys.argv[1]))
    try:
        while True:
            answer(line, *json.loads(line.recv_bytes()))
    except (EOFError, OSError):
        return


if __name__ == "__main__":
    main()
