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

from config.mail import MAIL_RETRIES_S, MAIL_SPREAD, MAILS_AT_ONCE, MAILS_WAITING
from storage.contracts.mail import Mailer
from storage.errors import StorageError, Unavailable
from storage.records.mail import Mail

_log = logging.getLogger(__name__)


class PostboxStatistics(msgspec.Struct, frozen=True):
    waiting: int
    sent: int
    retries: int
    failed: int
    shed: int


class Postbox:
    """`retries_s` are the waits between attempts at one mail."""

    def __init__(
        self, mailer: Mailer, retries_s: Sequence[float] = MAIL_RETRIES_S, waiting: int = MAILS_WAITING
    ) -> None:
        self._mailer = mailer
        self._retries_s = retries_s
        self._waiting_max = waiting
        self._places = asyncio.Semaphore(MAILS_AT_ONCE)
        self._closing = asyncio.Event()
        self._carrying: set[asyncio.Task[None]] = set()
        self._sent = 0
        self._retries = 0
        self._failed = 0
        self._shed = 0

    def push(self, mail: Mail) -> None:
        """Send it soon; a full or closed box sheds it, which is logged and counted."""
        if self._closing.is_set() or len(self._carrying) >= self._waiting_max:
            self._shed += 1
            _log.error("a mail was shed: too many wait", extra={"kind": mail.kind})
            return
        task = asyncio.get_running_loop().create_task(self._carry(mail))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def close(self, within_s: float) -> None:
        """Take nothing new, try what waits one last time, give up what is left after that time."""
        self._closing.set()
        carrying = set(self._carrying)
        if carrying:
            _, late = await asyncio.wait(carrying, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def statistics(self) -> PostboxStatistics:
        return PostboxStatistics(len(self._carrying), self._sent, self._retries, self._failed, self._shed)

    async def _carry(self, mail: Mail) -> None:
        try:
            await self._try(mail)
        except StorageError as error:
            self._give_up(mail, str(error))
        except Exception as error:  # noqa: BLE001 - the mailer's mistake, and the next mail's none
            self._give_up(mail, type(error).__name__)
            _log.error("a mailer broke its contract", exc_info=error)
        except asyncio.CancelledError:
            self._give_up(mail, "the server went down")
            raise

    async def _try(self, mail: Mail) -> None:
        for wait_s in (*self._retries_s, None):
            try:
                async with self._places:
                    await self._mailer.send(mail)
            except Unavailable:
                if wait_s is None or self._closing.is_set():
                    raise
            else:
                self._sent += 1
                return
            self._retries += 1
            await self._wait(wait_s)

    async def _wait(self, wait_s: float) -> None:
        spread_s = wait_s * random.uniform(1 - MAIL_SPREAD, 1 + MAIL_SPREAD)  # noqa: S311 - nothing secret
        try:
            async with asyncio.timeout(spread_s):
                await self._closing.wait()
        except TimeoutError:
            return

    def _give_up(self, mail: Mail, reason: str) -> None:
        self._failed += 1
        _log.error("a mail was not sent", extra={"kind": mail.kind, "reason": reason})
