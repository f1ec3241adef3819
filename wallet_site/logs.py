"""Structured logs: one event a line, with the request id, never with a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# Keys whose values must never reach a log, wherever somebody puts them.
_SECRET_WORDS = ("password", "token", "secret", "code", "seed", "authorization", "cookie", "signature")


_HARMLESS = {"event", "level", "code_name", "status_code"}
# Links whose path holds a secret: undo and reset links are logged without it.
_SECRET_PATH = re.compile(r"(/(?:undo|reset/link)/)[^\s?'\"]+")


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank the values of keys that name a secret, however deep they lie, and the secret part of a link's path."""
    for key, value in event.items():
        event[key] = _shown(key, value)
    return event


def _shown(key: str, value: Any) -> Any:
    if key not in _HARMLESS and any(word in key.lower() for word in _SECRET_WORDS):
        # `code` of a finished request is its HTTP status.
        return value if key == "code" and isinstance(value, int) else "[hidden]"
    if isinstance(value, str):
        return _SECRET_PATH.sub(r"\1[hidden]", value) if "/" in value else value
    if isinstance(value, Mapping):
        return {inner: _shown(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", one) for one in value]
    return value


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    hide_secrets,
]


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """`logging.config` dictionary: JSON for machines, short coloured lines for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
                "foreign_pre_chain": _SHARED,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
            "pyBarcode": {"level": "WARNING"},
        },
    }
