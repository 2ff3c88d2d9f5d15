"""Structured logging: one line per event, as JSON or for a console.

Records of this project and of libraries pass the same redaction. Secrets, user content and the messages of
third-party exceptions, which may quote either, are not logged.
"""

import logging
import re
import sys
import traceback
import uuid
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.log_context import add_log_context
from config.settings import LogSettings

REDACTED: Final = "[hidden]"
SECRET_KEY_PATTERN: Final = re.compile(
    r"token|password|passwd|secret|authorization|cookie|credential|content|body|text|bio|e-?mail|display_?name",
    re.IGNORECASE,
)
TEXT_CHARACTERS_MAX: Final = 2000
# Messages of these exceptions are written in code. Messages of others may contain user content.
SAFE_PACKAGES: Final = ("storage.", "actors.", "server.", "config.")
SAFE_EXCEPTIONS: Final = (AttributeError, ImportError, NameError, NotImplementedError, RecursionError)
QUOTING_LIBRARIES: Final = frozenset(
    {
        *("aiohttp", "aiosmtplib", "argon2", "asyncio", "asyncpg", "bson", "concurrent", "hiredis"),
        *("httpx", "mail", "motor", "pymongo", "redis", "urllib3", "uvloop"),
    }
)
"""Packages (first parts of logger names) whose lines below WARNING are dropped at any configured level."""
_URL_CREDENTIALS: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_BEARER: Final = re.compile(r"(?P<scheme>bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE)


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Configure the root logger to write to `stream`, standard error by default."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_log_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_exception,
        redact,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(sort_keys=False)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    handler.addFilter(drop_driver_details)


def drop_driver_details(record: logging.LogRecord) -> bool:
    """Whether a record may be logged: of libraries that quote what they send, only warnings and errors.

    Their lines at DEBUG and INFO hold commands, and so texts, tokens and addresses. On the handler, where no
    level of a logger, set here or by the library, bypasses it.
    """
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in QUOTING_LIBRARIES


def add_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add `exception`: types and source lines of an exception and its causes, messages of safe types only."""
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else None
    if info is True:
        error = sys.exc_info()[1]
    elif isinstance(info, tuple):
        error = info[1]
    if error is not None:
        event["exception"] = format_exception(error)
    return event


def format_exception(error: BaseException) -> str:
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        parts.append("\n".join([_exception_headline(current), *lines]))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nbecause of ".join(parts)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values of sensitive keys at any depth, and credentials inside texts."""
    return {key: _redact_value(key, value) for key, value in event.items()}


def _redact_value(key: str, value: Any) -> Any:
    if key.startswith("_") or value is None or isinstance(value, bool | int | float):
        return value
    if key not in {"event", "exception"} and SECRET_KEY_PATTERN.search(key):
        return REDACTED
    match value:
        case str():
            return (
                _redact_credentials(value)
                if key == "exception"
                else _redact_credentials(value)[:TEXT_CHARACTERS_MAX]
            )
        case Mapping() | MutableMapping():
            return {name: _redact_value(str(name), inner) for name, inner in value.items()}
        case bytes() | bytearray():
            return REDACTED
        case Sequence() | set() | frozenset():
            return [_redact_value(key, item) for item in value]
        case uuid.UUID() | PurePath() | datetime():
            return _redact_credentials(str(value))
        case _:
            # The repr of an object may show any of its fields.
            return f"<{type(value).__qualname__}>"


def _redact_credentials(text: str) -> str:
    text = _URL_CREDENTIALS.sub(rf"\g<scheme>{REDACTED}@", text)
    return _BEARER.sub(rf"\g<scheme>{REDACTED}", text)


def _exception_headline(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    is_safe = kind.__module__.startswith(SAFE_PACKAGES) or isinstance(error, SAFE_EXCEPTIONS)
    return f"{name}: {error}" if is_safe else name
