"""Mails on their way out: nobody waits for them, so many at once, each tried for a while.

    push(mail) -> mailer -> gone
                     |
                     +-- not now: again after a wait -- too often, or refused: given up and counted

A mail of which the server is unsure is sent again, so one may come twice. What waits is in memory only:
a process that dies takes it along, and people ask anew. Never logs an address or a link.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

import msgspec

from config.mail import MAIL_QUEUE_MAX, MAIL_RETRY_DELAYS_S, MAIL_RETRY_JITTER, MAILS_IN_FLIGHT
from storage.contracts.mail import Mail, Mailer
from storage.errors import StorageError, Unavailable

_log = logging.getLogger(__name__)


class MailQueueStatistics(msgspec.Struct, frozen=True):
    pending: int
    sent: int
    retries: int
    failed: int
    shed: int


class MailQueue:
    """`retries_s` are the waits between attempts at one mail."""

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0
        self._retries = 0
        self._failed = 0
        self._shed = 0

    def enqueue(self, mail: Mail) -> None:
        """Send it soon; a full or closed box sheds it, which is logged and counted."""
        if self._closed.is_set() or len(self._tasks) >= self._max_pending:
            self._shed += 1
            _log.error("a mail was shed: too many wait", extra={"kind": mail.kind})
            return
        task = asyncio.get_running_loop().create_task(self._deliver(mail))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, timeout_s: float) -> None:
        """Take nothing new, try what waits one last time, give up what is left after that time."""
        self._closed.set()
        carrying = set(self._tasks)
        if carrying:
            _, late = await asyncio.wait(carrying, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def statistics(self) -> MailQueueStatistics:
        return MailQueueStatistics(len(self._tasks), self._sent, self._retries, self._failed, self._shed)

    async def _deliver(self, mail: Mail) -> None:
        try:
            await self._send_with_retries(mail)
        except StorageError as error:
            self._give_up(mail, str(error))
        except Exception as error:  # noqa: BLE001 - the mailer's mistake, and the next mail's none
            self._give_up(mail, type(error).__name__)
            _log.error("a mailer broke its contract", exc_info=error)
        except asyncio.CancelledError:
            self._give_up(mail, "the server went down")
            raise

    async def _send_with_retries(self, mail: Mail) -> None:
        for wait_s in (*self._retry_delays_s, None):
            try:
                async with self._slots:
                    await self._mailer.send(mail)
            except Unavailable:
                if wait_s is None or self._closed.is_set():
                    raise
            else:
                self._sent += 1
                return
            self._retries += 1
            await self._wait_before_retry(wait_s)

    async def _wait_before_retry(self, delay_s: float) -> None:
        spread_s = delay_s * random.uniform(1 - MAIL_RETRY_JITTER, 1 + MAIL_RETRY_JITTER)  # noqa: S311 - nothing secret
        try:
            async with asyncio.timeout(spread_s):
                await self._closed.wait()
        except TimeoutError:
            return

    def _give_up(self, mail: Mail, reason: str) -> None:
        self._failed += 1
        _log.error("a mail was not sent", extra={"kind": mail.kind, "reason": reason})
