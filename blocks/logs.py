"""Logs: structlog through the standard library, so that Prefect stores every event with its flow and task run."""

from __future__ import annotations

import logging

import structlog
from prefect.settings import get_current_settings
from structlog.typing import EventDict, WrappedLogger

from tasks.errors import HladvarpError

ENGINE_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")


def configure_logs() -> None:
    """Render events as `event key=value …`, and tell our own failures in a sentence instead of a traceback."""
    settings = get_current_settings().logging
    for name in settings.extra_loggers or ():
        logging.getLogger(name).setLevel(settings.level)  # Prefect gives these loggers a handler, but no level
    for name in ENGINE_LOGGERS:
        logging.getLogger(name).addFilter(_without_traceback)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _render(_: WrappedLogger, __: str, event: EventDict) -> str:
    """`noun.verbed key=value …`: Prefect stores the message alone, so that the keys must stand in it."""
    name, failure = event.pop("event"), event.pop("exception", "")
    pairs = (f"{key}={value!r}" if " " in str(value) else f"{key}={value}" for key, value in event.items())
    return " ".join([str(name), *pairs]) + (f"\n{failure}" if failure else "")


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep the record; drop the traceback of a failure whose message says what to do."""
    if record.exc_info and isinstance(record.exc_info[1], HladvarpError):
        record.exc_info = None
        record.exc_text = None
    return True
