"""Mailers without an SMTP server: links appear in a developer's log only."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import structlog

from config.log_setup import configure_logging
from config.settings import LogSettings, MailSettings
from storage.contracts.mail import Mail
from storage.errors import StorageError, Unavailable
from storage.mail.mailer_factory import create_mailer, warn_without_mail

LINK = "http://127.0.0.1:8080/#/reset/" + "t" * 43
MAIL = Mail("1", "password reset", "ana@example.test", "Subject", f"Here: {LINK}", LINK)
Logged = Callable[[Literal["json", "console"]], tuple[LogSettings, io.StringIO]]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Sets up the log as the server does."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def begin(form: Literal["json", "console"]) -> tuple[LogSettings, io.StringIO]:
        settings, stream = LogSettings(format=form), io.StringIO()
        configure_logging(settings, stream)
        return settings, stream

    yield begin
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_development_log_shows_the_link(logged: Logged) -> None:
    """The full link is in one line, the address in none."""
    settings, stream = logged("console")
    await create_mailer(MailSettings(), settings).send(MAIL)
    (line,) = stream.getvalue().splitlines()
    assert LINK in line
    assert "password reset" in line
    assert "ana@" not in line


async def test_json_log_shows_no_link(logged: Logged) -> None:
    """A server warns at its start, and each mail is refused permanently."""
    settings, stream = logged("json")
    warn_without_mail(MailSettings(), settings)
    mailer = create_mailer(MailSettings(), settings)
    for _ in range(3):
        with pytest.raises(StorageError) as refused:
            await mailer.send(MAIL)
        assert not isinstance(refused.value, Unavailable)
    (line,) = stream.getvalue().splitlines()
    assert "no mail server is configured" in line
    assert "/#/" not in line


def test_repr_of_a_mail_shows_only_its_kind() -> None:
    """In error messages and logs too."""
    assert f"{MAIL} {MAIL!r}" == "Mail(password reset) Mail(password reset)"
