"""The mail queue: retries, bounds, and counting of lost e-mails."""

import asyncio
import logging

import pytest

from actors.mail.mail_queue import MailQueue
from config.accounts import RESET_LIFETIME_S
from config.mail import MAIL_RETRY_DELAYS_S, MAIL_RETRY_JITTER, MAIL_SEND_TIMEOUT_S, MAILS_IN_FLIGHT
from storage.contracts.mail import Mail
from storage.errors import StorageError, Unavailable
from tests.until import until


def mail(number: int = 0) -> Mail:
    return Mail(str(number), "password reset", "ana@example.test", "Subject", "Secret text", "secret link")


class ScriptedMailer:
    """Raises `failures` in order, then succeeds; can be blocked by the test."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.attempts: list[str] = []
        self.sent: list[str] = []
        self.running = 0
        self.max_running = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, mail: Mail) -> None:
        self.attempts.append(mail.id)
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail.id)


def is_idle(mail_queue: MailQueue) -> bool:
    return mail_queue.statistics().pending == 0


async def test_unavailable_mailer_is_retried() -> None:
    """An e-mail is retried while the mailer is unavailable, and sent once."""
    mailer = ScriptedMailer(Unavailable(), Unavailable())
    queued_mails = MailQueue(mailer, retry_delays_s=(0.001, 0.001, 0.001))
    queued_mails.enqueue(mail())
    await until(lambda: is_idle(queued_mails))
    assert mailer.sent == ["0"]
    found = queued_mails.statistics()
    assert (found.sent, found.retries, found.failed, found.dropped) == (1, 2, 0, 0)


async def test_mail_fails_after_the_last_retry(caplog: pytest.LogCaptureFixture) -> None:
    """After the last retry an e-mail counts as failed; the log shows its kind only."""
    mailer = ScriptedMailer(*[Unavailable("SMTPConnectError")] * 5)
    queued_mails = MailQueue(mailer, retry_delays_s=(0.001, 0.001))
    queued_mails.enqueue(mail())
    await until(lambda: is_idle(queued_mails))
    assert len(mailer.attempts) == 3
    found = queued_mails.statistics()
    assert (found.sent, found.retries, found.failed) == (0, 2, 1)
    (record,) = caplog.records
    assert (record.levelno, record.__dict__["kind"]) == (logging.ERROR, "password reset")
    assert record.__dict__["reason"] == "SMTPConnectError"
    log_text = str(record.__dict__)
    assert [secret for secret in ("ana@", "Secret", "secret link") if secret in log_text] == []


@pytest.mark.parametrize("failure", [StorageError("SMTPDataError 550"), KeyError("ana@example.test")])
async def test_permanent_error_is_not_retried(caplog: pytest.LogCaptureFixture, failure: Exception) -> None:
    """A rejection or an unexpected error is not retried, and the next e-mail is sent."""
    mailer = ScriptedMailer(failure)
    queued_mails = MailQueue(mailer)
    queued_mails.enqueue(mail(1))
    queued_mails.enqueue(mail(2))
    await until(lambda: is_idle(queued_mails))
    assert mailer.attempts == ["1", "2"]
    assert mailer.sent == ["2"]
    assert queued_mails.statistics().failed == 1
    assert "ana@" not in " ".join(record.getMessage() for record in caplog.records)


async def test_waiting_retry_does_not_block_other_mails() -> None:
    """An e-mail that waits for a retry does not delay others."""
    mailer = ScriptedMailer(*[Unavailable()] * MAILS_IN_FLIGHT)
    queued_mails = MailQueue(mailer, retry_delays_s=(3600,))
    for number in range(MAILS_IN_FLIGHT + 3):
        queued_mails.enqueue(mail(number))
    await until(lambda: queued_mails.statistics().pending == MAILS_IN_FLIGHT)
    assert len(mailer.sent) == 3
    await queued_mails.close(5)
    assert len(mailer.sent) == MAILS_IN_FLIGHT + 3


async def test_concurrent_sends_are_bounded() -> None:
    """Many e-mails do not open many connections."""
    mailer = ScriptedMailer()
    mailer.gate.clear()
    queued_mails = MailQueue(mailer)
    for number in range(MAILS_IN_FLIGHT * 5):
        queued_mails.enqueue(mail(number))
    await until(lambda: mailer.running == MAILS_IN_FLIGHT)
    mailer.gate.set()
    await until(lambda: is_idle(queued_mails))
    assert mailer.max_running == MAILS_IN_FLIGHT
    assert len(mailer.sent) == MAILS_IN_FLIGHT * 5


async def test_full_queue_drops_mail(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond the limit an e-mail is dropped, counted and logged; earlier ones are sent."""
    mailer = ScriptedMailer()
    mailer.gate.clear()
    queued_mails = MailQueue(mailer, max_pending=2)
    for number in range(5):
        queued_mails.enqueue(mail(number))
    found = queued_mails.statistics()
    assert (found.pending, found.dropped) == (2, 3)
    assert len(caplog.records) == 3
    mailer.gate.set()
    await until(lambda: is_idle(queued_mails))
    assert mailer.sent == ["0", "1"]
    queued_mails.enqueue(mail(9))
    await until(lambda: is_idle(queued_mails))
    assert mailer.sent[-1] == "9"


async def test_close_retries_waiting_mails_once() -> None:
    """Closing interrupts retry delays and tries each waiting e-mail once more."""
    mailer = ScriptedMailer(Unavailable(), Unavailable(), Unavailable())
    queued_mails = MailQueue(mailer, retry_delays_s=(3600, 3600))
    queued_mails.enqueue(mail(1))
    queued_mails.enqueue(mail(2))
    await until(lambda: queued_mails.statistics().retries == 2)
    async with asyncio.timeout(5):
        await queued_mails.close(60)
    assert sorted(mailer.attempts) == ["1", "1", "2", "2"]
    found = queued_mails.statistics()
    assert (found.pending, found.sent, found.failed) == (0, 1, 1)
    queued_mails.enqueue(mail(3))
    assert queued_mails.statistics().dropped == 1


async def test_close_cancels_sends_after_timeout() -> None:
    """Closing cancels unfinished sends after the timeout and counts them as failed."""
    mailer = ScriptedMailer()
    mailer.gate.clear()
    queued_mails = MailQueue(mailer)
    queued_mails.enqueue(mail())
    await until(lambda: mailer.running == 1)
    async with asyncio.timeout(5):
        await queued_mails.close(0.01)
    found = queued_mails.statistics()
    assert (found.pending, found.sent, found.failed) == (0, 0, 1)
    assert mailer.running == 0


def test_retries_end_before_the_link_expires() -> None:
    """The total retry time is shorter than the lifetime of the links."""
    waits_s = sum(MAIL_RETRY_DELAYS_S) * (1 + MAIL_RETRY_JITTER)
    assert waits_s + len(MAIL_RETRY_DELAYS_S) * MAIL_SEND_TIMEOUT_S < RESET_LIFETIME_S
