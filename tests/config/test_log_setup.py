"""Log output: one line per event, without secrets or user content."""

import io
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from config.log_setup import configure_logging
from config.settings import LogSettings

Lines = Callable[[], list[dict[str, Any]]]
SECRETS = ("hunter2", "sekrit")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Return a function that parses the lines logged so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(LogSettings(level="INFO", format="json"), stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_event_is_one_line_of_json(lines: Lines) -> None:
    """A line contains level, time and the event's keys; events below the level are not logged."""
    log = structlog.get_logger("convene")
    user_id = uuid.uuid4()
    log.info("socket closed\nFAKE LINE", user_id=user_id, code=4001)
    log.debug("not seen")
    (line,) = lines()
    assert (line["event"], line["level"], line["code"]) == ("socket closed\nFAKE LINE", "info", 4001)
    assert line["user_id"] == str(user_id)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "event",
    [
        {"token": "hunter2"},
        {"new_password": "hunter2"},
        {"Authorization": "hunter2"},
        {"content": "hunter2"},
        {"message_content": ["hunter2"]},
        {"email": "hunter2"},
        {"nested": {"deep": [{"password": "hunter2"}]}},
        {"url": "postgresql://user:hunter2@host/db"},
        {"nested": {"urls": ["redis://:hunter2@host"]}},
        {"header": "Bearer hunter2"},
        {"raw": b"hunter2"},
        {"record": type("Record", (), {"__repr__": lambda _: "hunter2"})()},
    ],
)
def test_secrets_are_redacted_everywhere(lines: Lines, event: dict[str, Any]) -> None:
    """Secrets are redacted by key at any depth and by pattern in any text; objects are not rendered."""
    structlog.get_logger("convene").info("something", kept=1, **event)
    logging.getLogger("library").warning("tried postgresql://u:sekrit@h and Bearer %s", "sekrit")
    text = json.dumps(lines())
    assert not any(secret in text for secret in SECRETS)
    assert [line.get("kept") for line in lines()] == [1, None]


def test_exceptions_are_logged_without_their_messages(lines: Lines) -> None:
    """The log shows the type and location of an exception and its cause, but not the message text."""
    try:
        try:
            int("hunter2")
        except ValueError as error:
            raise KeyError("sekrit") from error
    except KeyError as error:
        structlog.get_logger("convene").error("failed", exc_info=error)
        logging.getLogger("library").exception("failed")
    for line in lines():
        assert "KeyError" in line["exception"]
        assert "because of ValueError" in line["exception"]
        assert "test_log_setup.py" in line["exception"]
        assert not any(secret in json.dumps(line) for secret in SECRETS)


def test_console_format_redacts_secrets() -> None:
    """The console format uses the same redaction as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(LogSettings(format="console"), stream)
    try:
        structlog.get_logger("convene").warning("hello", token="hunter2", port=8080)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "port=8080" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
