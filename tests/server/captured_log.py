"""The log of a server as an operator sees it, at the level DEBUG."""

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import structlog

from config.log_setup import configure_logging
from config.settings import LogSettings


class CapturedLog:
    """Everything that was logged since it was set up, as text and as records."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def records(self, *levels: str) -> list[dict[str, Any]]:
        """Return the records of some levels, in order."""
        lines = (msgspec.json.decode(line) for line in self.text.splitlines())
        return [record for record in lines if record["level"] in levels]


@contextlib.contextmanager
def captured_log() -> Iterator[CapturedLog]:
    """Send the log of this process to an object, as JSON."""
    captured = CapturedLog()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(LogSettings(level="DEBUG", format="json"), captured.stream)
    try:
        yield captured
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
