"""Logging: one line an event, by structlog, with the request's id and without secrets."""

from typing import Any

import structlog

from .redaction import redact_event, redact_text

LOGFMT, JSON = "logfmt", "json"
FORMS = (LOGFMT, JSON)

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _whole_line_redacted(logger: Any, method: str, line: str) -> str:
    """Tracebacks are text by now: look once more."""
    return redact_text(line)


def _formatter(*renderers: Any) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact_event,
            *renderers,
        ],
    }


def _renderers(*, debug: bool, form: str) -> tuple[Any, ...]:
    """JSON is not looked at once more as a line: that could take its quotes along, and each of its values was
    looked at already, the traceback too."""
    if form == JSON:
        return (structlog.processors.JSONRenderer(ensure_ascii=False, default=str),)
    if debug:
        return structlog.dev.ConsoleRenderer(), _whole_line_redacted
    order = ["timestamp", "level", "logger", "event"]
    return structlog.processors.LogfmtRenderer(key_order=order), _whole_line_redacted


def logging_config(*, debug: bool, form: str = LOGFMT) -> dict[str, Any]:
    """Django's LOGGING; also sets structlog itself up.

    Text while debugging, key=value lines or JSON otherwise.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            *_SHARED[1:],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _formatter(*_renderers(debug=debug, form=form))},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "django_structlog": {"level": "CRITICAL"},
            "axes": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "modal": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},  # a line for every question, with its address
            "markdown_it": {"level": "WARNING"},
        },
    }
