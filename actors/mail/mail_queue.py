"""Sends e-mails in the background, with bounded concurrency and a bounded number of retries.

    enqueue(mail) -> mailer -> sent
                       |
                       +-- temporary failure: retry after a delay
                       +-- rejected, or no retries left: give up, log and count

If it is unknown whether an e-mail was sent, it is sent again, so one may arrive twice. The queue is in memory
only: a crash loses its e-mails. Addresses and links are not logged.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

import msgspec

from actors.runtime.task_pool import TaskPool
from config.mail import MAIL_QUEUE_MAX, MAIL_RETRY_DELAYS_S, MAIL_RETRY_JITTER, MAILS_IN_FLIGHT
from storage.contracts.mail import Mail, Mailer
from storage.errors import StorageError, Unavailable

_log = logging.getLogger(__name__)


class MailQueueStatistics(msgspec.Struct, frozen=True):
    """`pending` now, the others since the start: `failed` were given up, `dropped` were not queued."""

    pending: int
    sent: int
    retries: int
    failed: int
    dropped: int


class MailQueue:
    """`retry_delays_s` are the delays between the attempts to send one e-mail, before jitter."""

    def __init__(
        self,
        mailer: Mailer,
        retry_delays_s: Sequence[float] = MAIL_RETRY_DELAYS_S,
        max_pending: int = MAIL_QUEUE_MAX,
    ) -> None:
        self._mailer = mailer
        self._retry_delays_s = retry_delays_s
        self._max_pending = max_pending
        self._slots = asyncio.Semaphore(MAILS_IN_FLIGHT)
        self._closed = asyncio.Event()
        self._task_pool = TaskPool("mail queue")
        self._sent = 0
        self._retries = 0
        self._failed = 0
        self._dropped = 0

    def enqueue(self, mail: Mail) -> None:
        """Send an e-mail soon. A full or closed queue drops it, which is logged and counted."""
        if self._closed.is_set() or len(self._task_pool) >= self._max_pending:
            self._dropped += 1
            _log.error("e-mail dropped: the queue is full or closed", extra={"kind": mail.kind})
            return
        self._task_pool.spawn(self._deliver(mail))

    @property
    def is_half_full(self) -> bool:
        """Whether e-mails that can wait should wait, so that none that users have requested is dropped."""
        return len(self._task_pool) * 2 >= self._max_pending

    async def close(self, timeout_s: float) -> None:
        """Reject new e-mails, try pending ones a last time, and give up the rest after `timeout_s`."""
        self._closed.set()
        await self._task_pool.close(timeout_s)

    def statistics(self) -> MailQueueStatistics:
        return MailQueueStatistics(
            len(self._task_pool), self._sent, self._retries, self._failed, self._dropped
        )

    async def _deliver(self, mail: Mail) -> None:
        try:
            await self._send_with_retries(mail)
        except StorageError as error:
            self._give_up(mail, str(error))
        except Exception as error:  # noqa: BLE001 - a bug in the mailer must not stop other e-mails
            self._give_up(mail, type(error).__name__)
            _log.error("the mailer raised an unexpected error", exc_info=error)
        except asyncio.CancelledError:
            self._give_up(mail, "the server shut down")
            raise

    async def _send_with_retries(self, mail: Mail) -> None:
        for delay_s in (*self._retry_delays_s, None):
            try:
                async with self._slots:
                    await self._mailer.send(mail)
            except Unavailable:
                if delay_s is None or self._closed.is_set():
                    raise
            else:
                self._sent += 1
                return
            self._retries += 1
            await self._wait_before_retry(delay_s)

    async def _wait_before_retry(self, delay_s: float) -> None:
        jittered_s = delay_s * random.uniform(1 - MAIL_RETRY_JITTER, 1 + MAIL_RETRY_JITTER)  # noqa: S311 - not security-relevant
        try:
            async with asyncio.timeout(jittered_s):
                await self._closed.wait()
        except TimeoutError:
            return

    def _give_up(self, mail: Mail, reason: str) -> None:
        self._failed += 1
        _log.error("e-mail could not be sent", extra={"kind": mail.kind, "reason": reason})
