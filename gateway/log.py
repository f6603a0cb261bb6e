"""Logging: structured, to standard error, and never a phone number, a message's text or a secret.

Code does not log personal data in the first place; what looks like a phone number is masked all the same, because
libraries write their own sentences.
"""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.types import EventDict, Processor

_PHONE = re.compile(r"\+\d{7,15}\b")


def mask_phones(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace what reads like an E.164 number in every value."""
    for key, value in event.items():
        if isinstance(value, str) and "+" in value:
            event[key] = _PHONE.sub("+…", value)
    return event


def configure(log_format: str) -> None:
    """`console` for people, `json` for machines. Libraries' warnings go the same way."""
    finish: Processor
    if log_format == "json":
        finish = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        # The renderer's default shows every frame's variables, which are people's words and numbers.
        finish = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if log_format == "json" else _as_it_is,
        mask_phones,
    ]
    structlog.configure(
        processors=[*shared, finish],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(processor=finish, foreign_pre_chain=shared)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _as_it_is(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return event
