"""A cell: the runtime's hold on one actor, with its mailbox.

States: idle (no mail), queued (waits for its turn), running (inside `receive`), waiting (its coroutine
is under way), stopped. The mailbox is made with the first letter and dropped with the last. A cell
never runs its actor twice at a time, and never drops a message without `refuse`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from actors.runtime.actor import Actor, MailboxFull, Stopped
from actors.runtime.run_queue import RunQueue

M = TypeVar("M")
Answer = TypeVar("Answer")

IDLE, QUEUED, RUNNING, WAITING, STOPPED = range(5)
TURN = 64
"""Messages handled before others get their turn: long enough to be cheap, short enough to be fair."""


class Cell(Generic[M]):
    __slots__ = ("_answers", "_crashed", "_limit", "_mail", "_queue", "_room", "_state", "_task", "actor")

    def __init__(
        self,
        actor: Actor[M],
        queue: RunQueue,
        limit: int,
        crashed: "Callable[[Cell[M], Exception], None]",
    ) -> None:
        self.actor = actor
        self._queue = queue
        self._limit = limit
        self._crashed = crashed
        self._mail: deque[M] | None = None
        # How many answers stand before the rest of the mail.
        self._answers = 0
        self._room: deque[asyncio.Future[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._state = IDLE

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self._mail) if self._mail else 0

    @property
    def idle(self) -> bool:
        return self._state == IDLE

    @property
    def stopped(self) -> bool:
        return self._state == STOPPED

    def tell(self, message: M) -> None:
        """Leave a message; nobody waits.

        Raises:
            MailboxFull: it was not taken.
            Stopped: it was not taken.
        """
        mail = self._mail
        if mail is None:
            if self._state == STOPPED:
                raise Stopped
            mail = self._mail = deque()
        elif len(mail) >= self._limit:
            raise MailboxFull
        mail.append(message)
        if self._state == IDLE:
            self._state = QUEUED
            self._queue.schedule(self)

    def hand(self, message: M) -> None:
        """As `tell`, but an idle actor handles it before this returns. For mail that was in order already."""
        if self._state != IDLE:
            self.tell(message)
            return
        self._state = RUNNING
        try:
            work = self.actor.receive(message)
        except Exception as error:  # noqa: BLE001 - the supervisor decides
            self._fail(message, error)
            return
        if work is not None:
            self._wait_for(message, work)
            return
        self._rest()

    def answer(self, message: M) -> None:
        """Deliver what the actor asked for: before other mail, behind other answers, and with no limit."""
        if self._state == IDLE:
            self.hand(message)
        elif self._state != STOPPED:
            if self._mail is None:
                self._mail = deque()
            self._mail.insert(self._answers, message)
            self._answers += 1

    async def put(self, message: M) -> None:
        """As `tell`, but wait for room. Cancelled while waiting: it was not taken."""
        while True:
            try:
                self.tell(message)
            except MailboxFull:
                if self._room is None:
                    self._room = deque()
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._room.append(waiter)
                await waiter
            else:
                return

    async def ask(self, letter: "Callable[[asyncio.Future[Answer]], M]", deadline_s: float) -> Answer:
        """Tell `letter(reply)` and wait for the reply.

        Raises:
            TimeoutError: no reply in time. The message may still be handled.
            MailboxFull, Stopped: as `tell`.
        """
        reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.tell(letter(reply))
        async with asyncio.timeout(deadline_s):
            return await reply

    def turn(self) -> None:
        """Handle what waits, up to a turn's worth. Called by the run queue alone."""
        if self._state != QUEUED:
            return
        self._state = RUNNING
        mail = self._mail
        receive = self.actor.receive
        for _ in range(TURN):
            if not mail:
                break
            message = mail.popleft()
            if self._answers:
                self._answers -= 1
            try:
                work = receive(message)
            except Exception as error:  # noqa: BLE001 - the supervisor decides
                self._fail(message, error)
                return
            if work is not None:
                self._wait_for(message, work)
                return
        self._rest()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` (waking up) before any mail is handled."""
        self._state = RUNNING
        self._wait_for(None, work)

    def replace(self, actor: Actor[M], work: Coroutine[Any, Any, None]) -> None:
        """A new life in the same cell, with the mail that waits. For the supervisor."""
        self.actor = actor
        self.begin(work)

    def stop(self, reason: Exception) -> None:
        """End it: whatever waits is refused, whatever is under way is cancelled."""
        self._state = STOPPED
        if self._task is not None:
            self._task.cancel()
        mail, self._mail = self._mail, None
        for message in mail or ():
            self.actor.refuse(message, reason)
        self._make_room()

    def _rest(self) -> None:
        if self._state == STOPPED:
            return
        if self._mail:
            self._state = QUEUED
            self._queue.schedule(self)
        else:
            self._mail = None
            self._state = IDLE
        if self._room:
            self._make_room()

    def _make_room(self) -> None:
        while self._room:
            waiter = self._room.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _wait_for(self, message: M | None, work: Coroutine[Any, Any, None]) -> None:
        self._state = WAITING
        self._task = asyncio.create_task(self._watch(message, work))

    async def _watch(self, message: M | None, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the supervisor decides
            self._task = None
            if self._state != STOPPED:
                self._fail(message, error)
            return
        except asyncio.CancelledError:
            if message is not None:
                self.actor.refuse(message, Stopped())
            raise
        self._task = None
        self._rest()

    def _fail(self, message: M | None, error: Exception) -> None:
        self._state = WAITING
        if message is not None:
            self.actor.refuse(message, error)
        self._crashed(self, error)
